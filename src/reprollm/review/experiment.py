"""Whether the experiment's files in a bundle are those from which the run was planned.

The plan record in the log holds the SHA-256 of `experiment.yaml`, data, template and examples, and
the id of the model's snapshot, which follows from the files that its lock lists. So these files are
bound to the log itself, and not only by the list that was made at publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.canon import loads_object
from reprollm.errors import ReprollmError
from reprollm.ledger.segments import Segment, positions
from reprollm.records.kinds import check
from reprollm.records.shard import read_lines
from reprollm.review.levels import Findings
from reprollm.review.unpacked import Unpacked

if TYPE_CHECKING:
    from reprollm.snapshot.manifest import File

FOLDER = "experiment/"
_YAML = "experiment/experiment.yaml"
_LOCK = ".lock.json"
_FILES = {
    "experiment_sha256": "experiment.yaml",
    "data_sha256": "the data file",
    "template_sha256": "the prompt's template",
    "examples_sha256": "the few-shot examples",
}


def plan_records(ledger: Path, segments: Sequence[Segment]) -> dict[str, dict[str, Any]]:
    """Return the record of each plan that begins a shard of the log, by plan id in log order."""
    plans: dict[str, dict[str, Any]] = {}
    for _, shard in positions(list(segments)):
        try:
            record = loads_object(next(read_lines(shard.path(ledger)), b""))
            check(record)
        except (ReprollmError, OSError):
            continue
        if record["kind"] == "plan":
            plans.setdefault(record["plan"], record)
    return plans


def check_experiment(
    unpacked: Unpacked, core: Mapping[str, Any], left_out: frozenset[str], findings: Findings
) -> None:
    """Compare the files below `experiment/` with the plan that the published run executed.

    Args:
        unpacked: the bundle's files.
        core: the plan's core.
        left_out: digests of files that the statement of withholding leaves out.
        findings: where what is found goes.
    """
    found = {sha: path for path, sha in unpacked.digests.items() if path.startswith(FOLDER)}
    held = []
    for name, what in _FILES.items():
        expected = core.get(name)
        if expected is None:
            continue
        if expected in found:
            held.append(what)
        elif expected in left_out:
            findings.unchecked.append(f"{what}: left out, it holds withheld texts")
        else:
            findings.wrong(
                "FileChanged",
                f"expected {what} with SHA-256 {expected}, as the plan in the log says, found no "
                f"such file below {FOLDER}; it was changed after the run, or is missing",
            )
    if "snapshot" in core:
        _check_locks(unpacked, core, findings, held)
    if held:
        findings.checked.append(f"{', '.join(held)}: as the plan in the log names them")


def _check_locks(
    unpacked: Unpacked, core: Mapping[str, Any], findings: Findings, held: list[str]
) -> None:
    snapshot = core["snapshot"]
    locks = dict(_locks(unpacked))
    if snapshot in _asked(core.get("parts"), locks):
        held.append("the model's lock")
        return
    named = ", ".join(locks) or "no lock"
    findings.wrong(
        "FileChanged",
        f"expected a lock of the snapshot {snapshot}, as the plan in the log says, found {named} "
        f"below {FOLDER}, which {'lists' if locks else 'list'} other files",
    )


def _asked(parts: Any, locks: Mapping[str, tuple[File, ...]]) -> set[str]:
    """Return the snapshots that the locks may stand for: each alone, or the parts together."""
    from reprollm.snapshot.compose import composed_files
    from reprollm.snapshot.manifest import snapshot_id

    by_id = {snapshot_id(files): files for files in locks.values()}
    if parts is None:
        return set(by_id)
    try:
        files = [by_id[part["snapshot"]] for part in parts]
        scales = [str(part["scale"]) for part in parts[1:]]
        return {snapshot_id(composed_files(files[0], files[1:], scales))}
    except (KeyError, IndexError, TypeError):
        return set()


def _locks(unpacked: Unpacked) -> Iterator[tuple[str, tuple[File, ...]]]:
    """Yield each lock's path, and the files that it lists; none where it is no lock."""
    for path in sorted(unpacked.digests):
        if path.startswith(FOLDER) and path.endswith(_LOCK):
            yield path, _listed(unpacked.root / path)


def _listed(path: Path) -> tuple[File, ...]:
    from reprollm.snapshot.manifest import File, snapshot_id

    try:
        listed = json.loads(path.read_bytes())["files"]
        files = tuple(File(file["path"], file["size"], file["sha256"]) for file in listed)
        snapshot_id(files)
        return files
    except (ReprollmError, ValueError, KeyError, TypeError, RecursionError):
        return ()

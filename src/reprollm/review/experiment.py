"""Whether the experiment's files in a bundle are those from which the run was planned.

The plan record in the log holds the SHA-256 of `experiment.yaml`, data, template and examples, and
the id of the model's snapshot, which follows from the files that its lock lists. So these files are
bound to the log itself, and not only by the list that was made at publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprollm.canon import loads_object
from reprollm.errors import ReprollmError
from reprollm.ledger.segments import Segment, positions
from reprollm.records.kinds import check
from reprollm.records.shard import read_lines
from reprollm.review.levels import Findings
from reprollm.review.unpacked import Unpacked

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
        _check_locks(unpacked, core["snapshot"], findings, held)
    if held:
        findings.checked.append(f"{', '.join(held)}: as the plan in the log names them")


def _check_locks(unpacked: Unpacked, snapshot: Any, findings: Findings, held: list[str]) -> None:
    locks = list(_locks(unpacked))
    if any(found == snapshot for _, found in locks):
        held.append("the model's lock")
        return
    named = ", ".join(path for path, _ in locks) or "no lock"
    findings.wrong(
        "FileChanged",
        f"expected a lock of the snapshot {snapshot}, as the plan in the log says, found {named} "
        f"below {FOLDER}, which {'lists' if locks else 'list'} other files",
    )


def _locks(unpacked: Unpacked) -> Iterator[tuple[str, str | None]]:
    """Yield each lock's path, and the snapshot id that its list of files has."""
    for path in sorted(unpacked.digests):
        if path.startswith(FOLDER) and path.endswith(_LOCK):
            yield path, _snapshot(unpacked.root / path)


def _snapshot(path: Path) -> str | None:
    from reprollm.snapshot.manifest import File, snapshot_id

    try:
        listed = json.loads(path.read_bytes())["files"]
        return snapshot_id([File(file["path"], file["size"], file["sha256"]) for file in listed])
    except (ReprollmError, ValueError, KeyError, TypeError, RecursionError):
        return None

"""Whether the experiment's files in a bundle are those from which the runs were planned.

The plan record in the log holds the SHA-256 of `experiment.yaml`, data, templates and examples, and
the id of the model's snapshot, which follows from the files that its lock lists. So these files are
bound to the log itself, and not only by the list that was made at publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from reprollm.canon import digest, loads_object
from reprollm.errors import ReprollmError
from reprollm.experiment.importers.imported import FOLDER_TAG
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
    unpacked: Unpacked,
    cores: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, str],
    findings: Findings,
) -> None:
    """Compare the files below `experiment/` with the plans that the published runs executed.

    Args:
        unpacked: the bundle's files.
        cores: the plans' cores, one a model.
        left_out: digests by path of files that the statement of withholding leaves out.
        findings: where what is found goes.
    """
    here = {path: sha for path, sha in unpacked.digests.items() if path.startswith(FOLDER)}
    held: list[str] = []
    named = dict.fromkeys(pair for core in cores for pair in _named(core))
    folders = {str(core.get("data_sha256")): core.get("data_folder") for core in cores}
    for what, expected in named:
        if expected in here.values() or _folder_digest(folders.get(expected), here) == expected:
            held.append(what)
        elif expected in left_out.values() or expected == _folder_digest(
            folders.get(expected), {**here, **left_out}
        ):
            findings.unchecked.append(f"{what}: left out, it holds withheld texts")
        else:
            findings.wrong(
                "FileChanged",
                f"expected {what} with SHA-256 {expected}, as the plan in the log says, found no "
                f"such file below {FOLDER}; it was changed after the run, or is missing",
            )
    for core in cores:
        if "snapshot" in core:
            _check_locks(unpacked, core, findings, held)
    if held:
        findings.checked.append(f"{', '.join(held)}: as the plan in the log names them")


def _named(core: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the files of a plan are, and the digest that its core names."""
    for name, what in _FILES.items():
        if core.get(name) is not None:
            yield what, str(core[name])
    prompts = core.get("prompts")
    for prompt in prompts if isinstance(prompts, list) else ():
        said = prompt if isinstance(prompt, dict) else {}
        what = f"the template of the prompt {said.get('name')!a:.80}"
        yield what, str(said.get("template_sha256"))


def _folder_digest(said: Any, files: Mapping[str, str]) -> str | None:
    """Return the digest of a folder of data, of those files that its plan says count."""
    parts: list[bytes] = []
    try:
        top, endings = f"{FOLDER}{said['path']}/", set(said["endings"])
        for path in sorted(path for path in files if path.startswith(top)):
            if PurePosixPath(path).suffix.lower() in endings:
                parts += [path.removeprefix(top).encode(), bytes.fromhex(files[path])]
    except (KeyError, TypeError, ValueError):
        return None
    return digest(FOLDER_TAG, *parts)


def _check_locks(
    unpacked: Unpacked, core: Mapping[str, Any], findings: Findings, held: list[str]
) -> None:
    snapshot = core["snapshot"]
    locks = dict(_locks(unpacked))
    if snapshot in _asked(core.get("parts"), locks):
        held.append("the model's lock" if core.get("model") is None else _lock_of(core))
        return
    named = ", ".join(locks) or "no lock"
    findings.wrong(
        "FileChanged",
        f"expected a lock of the snapshot {snapshot}, as the plan in the log says, found {named} "
        f"below {FOLDER}, which {'lists' if locks else 'list'} other files",
    )


def _lock_of(core: Mapping[str, Any]) -> str:
    return f"the lock of the model {core['model']!a:.80}"


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

"""Which files of an experiment's folder go into a bundle: those it names, and what explains them.

Taken are `experiment.yaml`, the data, template, examples and locks that it names, the seal, text
template, reference and control sets of its contamination checks, its declarations and its server's
policy, what was measured of the engine's determinism, and the README, licence and citation files
that lie in the same folders. Nothing else: not the weights, not the secrets of a seal, not the
copies that show what is declared, which may be other people's, not what else lies beside the data.
The files must be those from which the published run was planned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.bundles.members import Member
from reprollm.engines.declared import companion
from reprollm.errors import FileChanged
from reprollm.experiment.load import Experiment, file_hashes
from reprollm.experiment.locate import FILE_NAME
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import load_model

FOLDER = "experiment"
CITATION = "CITATION.cff"
_LICENCE = re.compile(r"(licen[cs]e|copying|notice)([._-][\w.-]*)?\Z", re.IGNORECASE)
_README = re.compile(r"readme(\.[\w.-]+)?\Z", re.IGNORECASE)
_FILES = {
    "experiment_sha256": "experiment.yaml",
    "data_sha256": "the data file",
    "template_sha256": "the prompt's template",
    "examples_sha256": "the few-shot examples",
}


@dataclass(frozen=True)
class ExperimentFiles:
    """An experiment's files as members.

    Attributes:
        members: all of them, by path.
        texts: paths of the members that hold items: data, examples, reference and control sets.
        licences: paths of the members that are licence texts.
        citation: the CITATION.cff among them, or None.
        lock: the pinned snapshot, adapters included.
        lock_path: path of the base's lock file's member.
    """

    members: tuple[Member, ...]
    texts: frozenset[str]
    licences: tuple[str, ...]
    citation: Member | None
    lock: Lock
    lock_path: str


def experiment_files(experiment: Experiment, core: Mapping[str, Any]) -> ExperimentFiles:
    """Return the files of `experiment`, whose plan was made from `core`.

    Raises:
        FileChanged: a file is not the one that the plan was made from.
        InvalidInput: the lock is malformed.
    """
    folder = experiment.file.parent
    lock = load_model(experiment.lock, experiment.adapters).lock
    _check(experiment, lock, core)
    adapters = [path for path, _ in experiment.adapters]
    measured = companion(experiment.lock) if companion(experiment.lock).is_file() else None
    named = [experiment.data, experiment.template, experiment.examples, experiment.lock, *adapters]
    named.append(measured)
    checks = experiment.checks
    examined = [checks.reference, *checks.controls]
    named += [checks.seal, checks.text, *examined, checks.declarations, experiment.policy]
    places = {_place(folder, path): path for path in named if path is not None}
    members = {path: Member(path, source) for path, source in places.items()}
    members[f"{FOLDER}/{FILE_NAME}"] = Member(f"{FOLDER}/{FILE_NAME}", experiment.file)
    for path in sorted({folder, *(source.parent for source in places.values())}):
        for source in _beside(path, top=path == folder):
            place = _place(folder, source)
            members.setdefault(place, Member(place, source))
    items = (experiment.data, experiment.examples, *examined)
    texts = [path for path in items if path is not None]
    return ExperimentFiles(
        members=tuple(members[path] for path in sorted(members)),
        texts=frozenset(_place(folder, path) for path in texts),
        licences=tuple(path for path in sorted(members) if _LICENCE.match(Path(path).name)),
        citation=members.get(f"{FOLDER}/{CITATION}"),
        lock=lock,
        lock_path=_place(folder, experiment.lock),
    )


def _check(experiment: Experiment, lock: Lock, core: Mapping[str, Any]) -> None:
    found = file_hashes(experiment)
    changed = [what for name, what in _FILES.items() if found[name] != core.get(name)]
    if lock.snapshot != core.get("snapshot"):
        changed.append("the model's lock")
    if changed:
        raise FileChanged(
            f"expected the files in {experiment.file.parent} from which the published run was "
            f"planned, found others: {', '.join(changed)}; bring back the files of that run, or "
            "run the experiment as it is now"
        )


def _beside(folder: Path, *, top: bool) -> list[Path]:
    """Return the files of a folder that say what it holds and under which licence."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and (
            _LICENCE.match(path.name) or _README.match(path.name) or (top and path.name == CITATION)
        )
    ]


def _place(folder: Path, path: Path) -> str:
    return f"{FOLDER}/{path.relative_to(folder).as_posix()}"

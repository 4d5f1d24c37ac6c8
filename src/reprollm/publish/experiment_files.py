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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.bundles.members import Member
from reprollm.engines.declared import companion
from reprollm.errors import FileChanged
from reprollm.experiment.file_hashes import file_hashes
from reprollm.experiment.load import Experiment
from reprollm.experiment.locate import FILE_NAME
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
    "prompts": "the templates of the prompts",
    "model": "the name of the model",
}


@dataclass(frozen=True)
class ExperimentFiles:
    """An experiment's files as members.

    Attributes:
        members: all of them, by path.
        texts: paths of the members that hold items: data, examples, reference and control sets.
        licences: paths of the members that are licence texts.
        citation: the CITATION.cff among them, or None.
        lock_path: path of the member that is the lock of the base of the first model.
    """

    members: tuple[Member, ...]
    texts: frozenset[str]
    licences: tuple[str, ...]
    citation: Member | None
    lock_path: str


def experiment_files(
    models: Sequence[Experiment], cores: Sequence[Mapping[str, Any]]
) -> ExperimentFiles:
    """Return the files of an experiment.

    Args:
        models: the experiment, once with each of its models.
        cores: what the plans of the published runs were made from, one a model.

    Raises:
        FileChanged: a file is not the one that the plan was made from.
        InvalidInput: the lock is malformed.
    """
    by_model = {experiment.model: experiment for experiment in models}
    for core in cores:
        _check(by_model, core)
    experiment = models[0]
    folder, checks = experiment.file.parent, experiment.checks
    examined = [checks.reference, *(scan.control for scan in checks.scans)]
    named = [*experiment.data_files(), *experiment.templates, experiment.examples]
    named += [checks.seal, checks.text, checks.reference, checks.declarations]
    named += [path for scan in checks.scans for path in scan.named()]
    named += [path for each in models for path in _of_model(each)]
    places = {_place(folder, path): path for path in named if path is not None}
    members = {path: Member(path, source) for path, source in places.items()}
    members[f"{FOLDER}/{FILE_NAME}"] = Member(f"{FOLDER}/{FILE_NAME}", experiment.file)
    for path in sorted({folder, *(source.parent for source in places.values())}):
        for source in _beside(path, top=path == folder):
            place = _place(folder, source)
            members.setdefault(place, Member(place, source))
    items = (*experiment.data_files(), experiment.examples, *examined)
    texts = [path for path in items if path is not None]
    return ExperimentFiles(
        members=tuple(members[path] for path in sorted(members)),
        texts=frozenset(_place(folder, path) for path in texts),
        licences=tuple(path for path in sorted(members) if _LICENCE.match(Path(path).name)),
        citation=members.get(f"{FOLDER}/{CITATION}"),
        lock_path=_place(folder, experiment.lock),
    )


def _of_model(experiment: Experiment) -> list[Path | None]:
    """Return the files that belong to an experiment's model."""
    lock, adapters = experiment.lock, [path for path, _ in experiment.adapters]
    measured = companion(lock) if companion(lock).is_file() else None
    return [lock, *adapters, measured, experiment.policy]


def _check(by_model: Mapping[str | None, Experiment], core: Mapping[str, Any]) -> None:
    experiment = by_model.get(core.get("model"), next(iter(by_model.values())))
    lock = load_model(experiment.lock, experiment.adapters).lock
    found = file_hashes(experiment)
    changed = [what for name, what in _FILES.items() if found.get(name) != core.get(name)]
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

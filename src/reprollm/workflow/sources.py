"""The experiments that the workflow runs, and the files whose change must run them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.load import load
from reprollm.experiment.locate import locate


@dataclass(frozen=True)
class Sources:
    """One experiment as the workflow sees it.

    Attributes:
        name: the experiment's own name, and that of its ledger's folder.
        file: its `experiment.yaml`.
        watched: the locks, data, template and examples that its plan is made of, and what its
            contamination checks are made of, declarations included.
        slices: how many jobs share its requests, and how many the texts of its checks.
        checked: whether it declares contamination checks.
        measured: whether these ask the model.
        scans: the names of the corpora to scan.
    """

    name: str
    file: Path
    watched: tuple[Path, ...]
    slices: int
    checked: bool = False
    measured: bool = False
    scans: tuple[str, ...] = ()


def experiments(names: Iterable[str]) -> dict[str, Sources]:
    """Return the experiments that `names` mean, seen from the current folder, by their own names.

    Raises:
        ExperimentInvalid: one is missing or wrong, or two would share a ledger.
    """
    found: dict[str, Sources] = {}
    for name in names:
        sources = _sources(locate(name, Path()))
        other = found.setdefault(sources.name, sources)
        if other != sources:
            raise ExperimentInvalid(
                f"expected experiments of different names, found {sources.name!r} in {other.file} "
                f"and in {sources.file}; rename one of them"
            )
    return found


def _sources(file: Path) -> Sources:
    experiment = load(file)
    adapters = (lock for lock, _ in experiment.adapters)
    files = (experiment.data, experiment.template, experiment.examples, experiment.policy)
    checks, named_checks = experiment.config.contamination, experiment.checks
    examined = (named_checks.seal, named_checks.text, named_checks.reference)
    declared = named_checks.declarations
    named = (experiment.lock, *adapters, *files, *examined, declared, *named_checks.controls)
    return Sources(
        name=experiment.config.name,
        file=file,
        watched=tuple(path for path in named if path is not None),
        slices=experiment.config.slices,
        checked=checks is not None,
        measured=checks is not None and checks.measures,
        scans=tuple(scan.name for scan in checks.scan) if checks else (),
    )

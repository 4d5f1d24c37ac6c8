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
        watched: the locks, data, template and examples that its plan is made of.
        slices: how many jobs share its requests.
    """

    name: str
    file: Path
    watched: tuple[Path, ...]
    slices: int


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
    named = (experiment.lock, *adapters, experiment.data, experiment.template, experiment.examples)
    return Sources(
        name=experiment.config.name,
        file=file,
        watched=tuple(path for path in named if path is not None),
        slices=experiment.config.slices,
    )

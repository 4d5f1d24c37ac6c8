"""The experiments that the workflow runs, and the files whose change must run them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.config import ExperimentConfig
from reprollm.experiment.load import Experiment, load_all
from reprollm.experiment.locate import locate


@dataclass(frozen=True)
class Sources:
    """One experiment as the workflow sees it.

    Attributes:
        name: the experiment's own name, and that of its ledger's folder.
        file: its `experiment.yaml`.
        watched: the locks, data, templates and examples that its plans are made of, and what its
            contamination checks are made of, declarations included.
        slices: how many jobs share its requests, and how many the texts of its checks.
        concluded: whether it declares comparisons, claims, annotators or determinism.
        checked: whether it declares contamination checks.
        measured: whether these ask the model.
        scans: the names of the corpora to scan.
        models: the names of its models; nothing where it has one without a name.
    """

    name: str
    file: Path
    watched: tuple[Path, ...]
    slices: int
    concluded: bool = False
    checked: bool = False
    measured: bool = False
    scans: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def in_paths(self) -> list[str]:
        """What stands for each model in the paths of its receipts; nothing for a single one."""
        return [f"/{name}" for name in self.models] or [""]


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
    models = load_all(file)
    config = models[0].config
    checks = config.contamination
    watched = dict.fromkeys(path for each in models for path in _watched(each))
    return Sources(
        name=config.name,
        file=file,
        watched=tuple(watched),
        slices=config.slices,
        concluded=_concludes(config),
        checked=checks is not None,
        measured=checks is not None and checks.measures,
        scans=tuple(scan.name for scan in checks.scan) if checks else (),
        models=tuple(each.model for each in models if each.model is not None),
    )


def _concludes(config: ExperimentConfig) -> bool:
    declared = (config.comparisons, config.claims, config.determinism, config.data.annotators)
    return any(declared)


def _watched(experiment: Experiment) -> Iterator[Path]:
    checks = experiment.checks
    yield from (experiment.lock, *(lock for lock, _ in experiment.adapters))
    yield from experiment.data_files()
    yield from experiment.templates
    further = (experiment.examples, experiment.policy, checks.seal, checks.text, checks.reference)
    scans = (path for scan in checks.scans for path in scan.named())
    named = (*further, checks.declarations, *scans)
    yield from (path for path in named if path is not None)

"""EXPERIMENT on the command line: a name below `experiments/`, a folder, or the file itself."""

from __future__ import annotations

from pathlib import Path

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.words import listed, meant

FILE_NAME = "experiment.yaml"


def locate(experiment: str, root: Path) -> Path:
    """Return the `experiment.yaml` that `experiment` means, seen from the folder `root`.

    A bare name means the folder of that name below `root/experiments`, if there is one; everything
    else is a path.

    Raises:
        ExperimentInvalid: there is no such experiment; nearby names are suggested.
    """
    candidates = [root / experiment]
    if Path(experiment).name == experiment:
        candidates.insert(0, root / "experiments" / experiment)
    for candidate in candidates:
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
        if candidate.is_file():
            return candidate
    names = sorted(path.parent.name for path in root.glob(f"experiments/*/{FILE_NAME}"))
    there = f"there are {listed(names)}" if names else f"there is none below {root}/experiments"
    raise ExperimentInvalid(
        f"expected an experiment's name, its folder or its {FILE_NAME}, found nothing at "
        f"{experiment!r}; {there}{meant(experiment, names)}"
    )

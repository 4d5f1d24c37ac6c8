"""How the answers of one run are scored: its plan's words, or the defaults where it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.scores.answers import Subject

LEVEL, RESAMPLES, SEED = "0.95", 999, "1"


@dataclass(frozen=True)
class Settings:
    """What decides the estimates of a run besides its answers.

    Attributes:
        names: the scores, each once.
        answer: the section `answer` of the plan; None without one.
        level: coverage that the intervals aim at, decimal.
        resamples: bootstrap resamples of an interval.
        seed: of the resamples.
    """

    names: tuple[str, ...]
    answer: Mapping[str, Any] | None = None
    level: str = LEVEL
    resamples: int = RESAMPLES
    seed: str = SEED


def settings_of(of: Subject, names: Sequence[str] = ()) -> Settings:
    """Return the settings of a run or an import.

    Args:
        of: the run or import; a run's scores are those of its plan.
        names: the scores of an import.
    """
    wanted = tuple(dict.fromkeys(of.names if of.names is not None else names))
    answer, intervals = of.core.get("answer"), of.core.get("intervals")
    said = intervals if isinstance(intervals, dict) else {}
    return Settings(
        wanted,
        answer if isinstance(answer, dict) else None,
        str(said.get("level", LEVEL)),
        int(said.get("resamples", RESAMPLES)),
        str(said.get("seed", SEED)),
    )

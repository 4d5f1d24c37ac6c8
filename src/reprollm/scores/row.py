"""One estimate: a number made of a run's answers, with all that a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WILSON, BOOTSTRAP, NONE = "wilson", "bootstrap", "none"


@dataclass(frozen=True)
class Uncertainty:
    """How an interval was made.

    Attributes:
        method: `wilson`, `bootstrap` or `none`.
        level: coverage that it aims at, decimal.
        resamples: resamples on which the statistic was defined; 0 but for the bootstrap.
        seed: of the resamples; None but for the bootstrap.
        clusters: what was resampled, or could have been.
    """

    method: str
    level: str
    resamples: int
    seed: str | None
    clusters: int

    def to_json(self) -> dict[str, Any]:
        """Return the values as they stand in a record."""
        return {
            "clusters": self.clusters,
            "level": self.level,
            "method": self.method,
            "resamples": self.resamples,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Row:
    """One number made of the answers of a run.

    Attributes:
        score: name of the measure.
        version: versions of the measure's definition and of the parser's.
        sampling: the cell: name of the sampling setting, behind that of the prompt where there are
            several.
        level: `all`, `stratum` or `split`.
        group: the stratum or split; None at level `all`.
        label: the label that the value is about, if it is about one.
        aggregation: how the answers were made into one number.
        value: with six decimals; None where it is undefined.
        low: lower end of the interval, with six decimals; None without one.
        high: its upper end.
        interval: how it was made.
        n: counted answers that have a reference.
        items: items that these answer.
        clusters: documents that these items are of; an item without one is one by itself.
        undefined: those of the n answers that have no score.
        counted: how the counted answers ended: `answered`, `empty`, `refused` and `unparsed`, which
            make up n; `runaway`, those of the n that ran out of tokens; `without_reference`, which
            stand beside the n.
        asked: passes of the cell.
        distinct: those of them that differ; only these are counted.
        warnings: codes of what a reader should know, sorted.
    """

    score: str
    version: str
    sampling: str
    level: str
    group: str | None
    label: str | None
    aggregation: str
    value: str | None
    low: str | None
    high: str | None
    interval: Uncertainty
    n: int
    items: int
    clusters: int
    undefined: int
    counted: Mapping[str, int]
    asked: int
    distinct: int
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str | None, str, str | None]:
        """What tells one row of a run from all others."""
        return (self.score, self.sampling, self.level, self.group, self.aggregation, self.label)

    def to_json(self) -> dict[str, Any]:
        """Return what a record says of the row."""
        return {
            "score": self.score,
            "version": self.version,
            "sampling": self.sampling,
            "level": self.level,
            "group": self.group,
            "label": self.label,
            "aggregation": self.aggregation,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "interval": self.interval.to_json(),
            "n": self.n,
            "items": self.items,
            "clusters": self.clusters,
            "undefined": self.undefined,
            "counted": dict(self.counted),
            "passes": {"asked": self.asked, "distinct": self.distinct},
            "warnings": list(self.warnings),
        }


def decimal(value: float | None) -> str | None:
    """Return a value with six decimals, as records hold it; never a negative zero."""
    if value is None:
        return None
    text = f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text

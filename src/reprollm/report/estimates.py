"""The scores that a report shows: estimates, and the scores of older ledgers in the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.scores.measures import MEASURES
from reprollm.tables.choice import POOLED

# Which aggregation a summary names of a score that is not known here.
_FIRST = ("mean_of_ratios", "micro", "corpus", "macro", "ratio_of_means", "label")


@dataclass(frozen=True)
class Estimate:
    """One aggregate of one run.

    Attributes:
        cell: sampling, or prompt and sampling.
        level: `all`, `stratum` or `split`; `group` says which of them.
        value, low, high: decimals as recorded; None where undefined, or without an interval.
        interval: how the interval was made; empty where there is none.
        counted: how many of the counted answers are of which status; empty in older ledgers.
        passes: how many passes were asked, and how many of them differ.
        table: digest of the table of item scores, hex.
    """

    run: str
    score: str
    version: str
    cell: str
    level: str
    group: str | None
    label: str | None
    aggregation: str
    value: str | None
    low: str | None
    high: str | None
    interval: dict[str, Any]
    n: int
    items: int
    clusters: int
    undefined: int
    counted: dict[str, Any]
    passes: dict[str, Any]
    warnings: tuple[str, ...]
    table: str

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.score in MEASURES and MEASURES[self.score].lower_is_better


def of_records(
    records: Iterable[dict[str, Any]], runs: Sequence[str], cells: Sequence[str]
) -> tuple[Estimate, ...]:
    """Return the estimates of some runs; of one that was recorded again, the last.

    Args:
        records: of the kinds `estimate` and `score`, in log order.
        runs: ids of the runs that count, in the order in which they are shown.
        cells: names of the cells, in the order of the experiment.
    """
    found: dict[tuple[Any, ...], Estimate] = {}
    for record in records:
        if record["run"] in runs:
            one = _estimate(record) if record["kind"] == "estimate" else _score(record)
            key = (one.run, one.score, one.cell, one.level, one.group, one.label, one.aggregation)
            found[key] = one
    place = {cell: number for number, cell in enumerate(cells)}
    scores = list(dict.fromkeys(one.score for one in found.values()))

    def order(one: Estimate) -> tuple[int, int, int]:
        return runs.index(one.run), scores.index(one.score), place.get(one.cell, len(place))

    return tuple(sorted(found.values(), key=order))


def headlines(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Return one estimate over all items for each run, cell and score."""
    best: dict[tuple[str, str, str], Estimate] = {}
    for one in estimates:
        if one.level == "all" and one.label is None:
            key = one.run, one.cell, one.score
            if key not in best or _rank(one) < _rank(best[key]):
                best[key] = one
    return list(best.values())


def beside(estimates: Iterable[Estimate], headline: Estimate, level: str) -> list[Estimate]:
    """Return the estimates of the groups of one level that belong to a headline."""
    return [
        one
        for one in estimates
        if one.level == level
        and one.label is None
        and (one.run, one.score, one.cell, one.aggregation)
        == (headline.run, headline.score, headline.cell, headline.aggregation)
    ]


def _rank(one: Estimate) -> int:
    """Return the place of an aggregation among those of its score: the first one counts.

    A score that a table gives of all answers together is given so here.
    """
    if one.aggregation == "corpus" and one.score.startswith(POOLED):
        return -1
    known = MEASURES.get(one.score)
    names = tuple(each.name for each in known.aggregations) if known else _FIRST
    return names.index(one.aggregation) if one.aggregation in names else len(names)


def _estimate(record: dict[str, Any]) -> Estimate:
    same = (
        "run score version level group label aggregation value low high interval n items "
        "clusters undefined counted passes"
    )
    return Estimate(
        **{name: record[name] for name in same.split()},
        cell=record["sampling"],
        warnings=tuple(record["warnings"]),
        table=record["table_sha256"],
    )


def _score(record: dict[str, Any]) -> Estimate:
    """Return a score of a ledger from before estimates: it has no interval."""
    return Estimate(
        run=record["run"],
        score=record["score"],
        version="",
        cell=record["sampling"],
        level=record["level"],
        group=record["stratum"],
        label=None,
        aggregation=record["aggregation"],
        value=record["value"],
        low=None,
        high=None,
        interval={},
        n=record["n"],
        items=0,
        clusters=0,
        undefined=record["undefined"],
        counted={"runaway": record["runaway"]} if record["runaway"] else {},
        passes={},
        warnings=("runaway",) if record["runaway"] else (),
        table=record["table_sha256"],
    )

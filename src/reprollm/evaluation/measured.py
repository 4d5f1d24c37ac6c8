"""The scores of experiments on published outputs: labels, chrF, BLEU, ROUGE-L and mentions.

Each is defined in docs/scores.md, and what is computed is what `reprollm score` would record of the
same answers: an output that is empty, refused or not to be parsed counts as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.evaluation.aggregate import Aggregate
from reprollm.evaluation.aggregate import Settings as Intervals
from reprollm.evaluation.source import Item
from reprollm.experiment.scoring import check_parser
from reprollm.scores.answers import Scorable
from reprollm.scores.groups import rows_of
from reprollm.scores.items import Place
from reprollm.scores.judged import Judge, Judged
from reprollm.scores.row import Row
from reprollm.scores.settings import Settings
from reprollm.scores.tally import Tally


@dataclass(frozen=True)
class Measured:
    """Scores of the rows of all systems.

    Attributes:
        values: by name, the score of each row in its order; None where it is undefined. Scores that
            speak of no single answer have none.
        statuses: what became of each output: `answered`, `empty`, `refused` or `unparsed`.
        aggregates: all their aggregates.
    """

    values: Mapping[str, tuple[float | None, ...]]
    statuses: tuple[str, ...]
    aggregates: tuple[Aggregate, ...]


def measured(
    items: Sequence[Item],
    names: Sequence[str],
    answer: Mapping[str, Any] | None,
    intervals: Intervals,
) -> Measured:
    """Return the scores of published outputs.

    Args:
        items: the rows of all systems.
        names: of measures that experiments know.
        answer: how an output becomes an answer, as the section `answer` of an experiment says it.
        intervals: level, resamples and seed.

    Raises:
        InvalidInput: a name or the section `answer` is not as an experiment could have it, or the
            one speaks of mentions and the other of texts.
    """
    try:
        check_parser(names, str((answer or {}).get("parser", "text")))
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    settings = Settings(
        tuple(names), answer, str(intervals.level), max(1, intervals.resamples), intervals.seed
    )
    judge = Judge(settings)
    judged = [_judged(item, judge) for item in items]
    found: list[Aggregate] = []
    for system in dict.fromkeys(item.system for item in items):
        tally = Tally(judge.measures)
        for item, each in zip(items, judged, strict=True):
            if item.system == system:
                tally.add(each)
        rows = rows_of(system, tally, settings, judge, (1, 1))
        found += [_aggregate(system, row, intervals) for row in rows]
    values = {
        one.name: tuple(one.value(each.counts[place]) for each in judged)
        for place, one in enumerate(judge.measures)
        if one.item is not None
    }
    return Measured(values, tuple(each.status for each in judged), tuple(found))


def _judged(item: Item, judge: Judge) -> Judged:
    texts = judge.parser.texts(item.output, item.reference, item.source or "")
    counts = tuple(
        {} if one.needs == "source" and item.source is None else one.counts(texts)
        for one in judge.measures
    )
    return Judged(_scorable(item), Place(item.document, None), texts.parsed.status, counts, True)


def _scorable(item: Item) -> Scorable:
    return Scorable(
        index=item.number,
        request="",
        item=str(item.number),
        stratum=item.stratum,
        sampling=item.system,
        seed=None,
        repetition=0,
        finish=None,
        output=item.output,
        reference=item.reference,
        has_output=True,
        has_reference=True,
        source=item.source,
        has_source=item.source is not None,
    )


def _aggregate(system: str, row: Row, intervals: Intervals) -> Aggregate:
    ends = (row.low, row.high) if intervals.resamples else (None, None)
    low, high = (None if end is None else float(end) for end in ends)
    return Aggregate(
        system=system,
        score=row.score,
        level=row.level,
        group=row.group,
        aggregation=row.aggregation,
        value=None if row.value is None else float(row.value),
        low=low,
        high=high,
        method="none" if low is None else row.interval.method,
        n=row.n,
        undefined=row.undefined,
        broken=0,
        clusters=row.clusters,
        label=row.label,
    )

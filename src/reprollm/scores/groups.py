"""The rows of one cell: values and intervals of every group of its answers.

A group is all answers of the cell, those of one stratum, or those of one split. Its clusters are
numbered in the order of their first answers; they are what is resampled, since answers about one
document say the same thing more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.scores.intervals import Interval, bootstrapped, wilson_interval
from reprollm.scores.judged import Judge
from reprollm.scores.measures import ByLabel, Counts, OfItems, OfSums
from reprollm.scores.row import NONE, Row, Uncertainty, decimal
from reprollm.scores.settings import Settings
from reprollm.scores.tally import BILLION, ONES, Column, Counted, Group, Tally
from reprollm.statistics.resampling import dealt

LEVELS = ("all", "stratum", "split")
# Of a measure that counts under more keys, labels of free text mostly, no interval is made.
MOST_KEYS = 10_000
Numbers: TypeAlias = Sequence[int]
Statistic: TypeAlias = Callable[[Numbers], float | None]


@dataclass
class _Members:
    """The answers of one group: items, clusters, and the sums of each unit that is resampled."""

    items: set[str]
    clusters: dict[tuple[str, str], int]
    units: list[dict[int, int]]


@dataclass(frozen=True)
class _Statistic:
    """One number of a group, before its interval is known.

    Attributes:
        measure: place of the measure.
        name: of the aggregation.
        label: what it is the number of, if it is of one label.
        value: on the counted answers.
        of: its value on sums of all columns of the group, in their layout.
        resampled: whether the bootstrap can be afforded.
    """

    measure: int
    name: str
    label: str | None
    value: float | None
    of: Statistic
    resampled: bool


def rows_of(
    cell: str, tally: Tally, settings: Settings, judge: Judge, passes: tuple[int, int]
) -> Iterator[Row]:
    """Yield the rows of a cell, without warnings: by score, level, group, aggregation and label.

    Args:
        cell: name of the cell.
        tally: its counted answers.
        settings: of the run.
        judge: measures and parser.
        passes: how many passes of the cell were asked, and how many of them differ.
    """
    members = _members(tally, settings.seed)
    order = sorted(members, key=lambda group: (LEVELS.index(group[0]), group[1] or ""))
    counted = tally.groups()
    found = [
        row
        for group in order
        for row in _group_rows(
            cell, group, members[group], counted[group], tally, settings, judge, passes
        )
    ]
    places = {name: place for place, name in enumerate(settings.names)}
    yield from sorted(found, key=lambda row: places[row.score])


def _members(tally: Tally, seed: str) -> dict[Group, _Members]:
    buckets = tally.buckets()
    found: dict[Group, _Members] = {}
    for bucket in buckets:
        for group in bucket.groups():
            members = found.setdefault(group, _Members(set(), {}, []))
            members.items.add(bucket.item)
            members.clusters.setdefault(bucket.cluster, len(members.clusters))
    unit_of: dict[Group, list[int]] = {}
    for group, members in found.items():
        unit_of[group] = dealt(seed, len(members.clusters))
        members.units.extend({} for _ in range(max(unit_of[group]) + 1))
    targets = [
        [
            found[group].units[unit_of[group][found[group].clusters[bucket.cluster]]]
            for group in bucket.groups()
        ]
        for bucket in buckets
    ]
    for bucket_place, column, value in tally.entries():
        for unit in targets[bucket_place]:
            unit[column] = unit.get(column, 0) + value
    return found


def _group_rows(
    cell: str,
    group: Group,
    members: _Members,
    counted: Counted,
    tally: Tally,
    settings: Settings,
    judge: Judge,
    passes: tuple[int, int],
) -> Iterator[Row]:
    layout = _Layout(tally, members)
    statistics = list(_statistics(counted, tally, layout))
    clusters = len(members.clusters)
    intervals = _intervals(statistics, layout, tally, clusters, counted.n, settings)
    for one, interval in zip(statistics, intervals, strict=True):
        measure = judge.measures[one.measure]
        yield Row(
            score=measure.name,
            version=judge.version(measure),
            sampling=cell,
            level=group[0],
            group=group[1],
            label=one.label,
            aggregation=one.name,
            value=decimal(one.value),
            low=decimal(interval.low),
            high=decimal(interval.high),
            interval=Uncertainty(
                interval.method,
                settings.level,
                interval.resamples,
                settings.seed if interval.resamples else None,
                clusters,
            ),
            n=counted.n,
            items=len(members.items),
            clusters=clusters,
            undefined=counted.undefined[one.measure],
            counted={
                **counted.statuses,
                "runaway": counted.runaway,
                "without_reference": counted.without_reference,
            },
            asked=passes[0],
            distinct=passes[1],
        )


class _Layout:
    """Where each number stands in the sums of one group.

    Attributes:
        keys: for each measure, the keys that occur in the group, sorted.
        totals: the sums over the whole group.
    """

    def __init__(self, tally: Tally, members: _Members) -> None:
        self._tally, self._units = tally, members.units
        present = {column for unit in members.units for column in unit}
        columns = tally.columns()
        named = {columns[number]: number for number in present}
        by_measure: list[set[tuple[str, ...]]] = [set() for _ in tally.measures]
        for column in named:
            if column.key is not None:
                by_measure[column.measure].add(column.key)
        self.keys = [sorted(keys) for keys in by_measure]
        self._labelled = [_by_word(keys) for keys in self.keys]
        self._numbers: list[int | None] = []
        self._starts: list[dict[tuple[str, ...], int]] = []
        self._terms: dict[tuple[int, int], tuple[list[int], int]] = {}
        for measure, one in enumerate(tally.measures):
            starts = {}
            for key in self.keys[measure]:
                starts[key] = len(self._numbers)
                width = range(tally.widths[measure])
                self._numbers += [named.get(Column(measure, key, 0, place)) for place in width]
            self._starts.append(starts)
            for position, aggregation in enumerate(one.aggregations):
                if isinstance(aggregation, OfItems):
                    self._terms[measure, position] = self._of_terms(named, measure, position)
        self.totals = [sum(column) for column in zip(*self.rows(), strict=True)]

    def _of_terms(
        self, named: dict[Column, int], measure: int, position: int
    ) -> tuple[list[int], int]:
        places = []
        term = 0
        while (column := named.get(Column(measure, None, position, term))) is not None:
            places.append(len(self._numbers))
            self._numbers.append(column)
            term += 1
        self._numbers.append(named.get(Column(measure, None, position, ONES)))
        return places, len(self._numbers) - 1

    def rows(self) -> list[list[int]]:
        """Return the numbers of each unit, in the layout."""
        return [
            [0 if number is None else unit.get(number, 0) for number in self._numbers]
            for unit in self._units
        ]

    def counts(self, measure: int, label: str | None = None) -> Callable[[Numbers], Counts]:
        """Return what reads a measure's counts from sums: those of keys with a label, or all.

        A key whose sums are all 0 is left out. What was read last is kept: several aggregations
        ask for the same.
        """
        width = self._tally.widths[measure]
        starts = self._starts[measure]
        keys = self.keys[measure] if label is None else self._labelled[measure].get(label, ())
        places = [(key, starts[key], starts[key] + width) for key in keys]

        last: tuple[Numbers, Counts] = ((), {})

        def read(sums: Numbers) -> Counts:
            nonlocal last
            if sums is not last[0]:
                found = {key: tuple(sums[start:end]) for key, start, end in places}
                last = sums, {key: numbers for key, numbers in found.items() if any(numbers)}
            return last[1]

        return read

    def of_items(self, measure: int, position: int, aggregation: OfItems) -> Statistic:
        """Return an aggregation of items as a function of sums of billionths."""
        places, ones = self._terms[measure, position]

        def value(sums: Numbers) -> float | None:
            terms = [sums[place] for place in places]
            return aggregation.value(terms, BILLION * sums[ones]) if sums[ones] else None

        return value


def _by_word(keys: Sequence[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    """Return the keys in which each word occurs."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for key in keys:
        for word in dict.fromkeys(key):
            found.setdefault(word, []).append(key)
    return found


def _statistics(counted: Counted, tally: Tally, layout: _Layout) -> Iterator[_Statistic]:
    for measure, one in enumerate(tally.measures):
        affordable = len(layout.keys[measure]) <= MOST_KEYS
        whole = layout.counts(measure)
        for position, aggregation in enumerate(one.aggregations):
            name = aggregation.name
            if isinstance(aggregation, OfItems):
                terms = counted.terms.get((measure, position))
                value = (
                    aggregation.value([exact.total() for exact in terms.sums], terms.answers)
                    if terms
                    else None
                )
                of = layout.of_items(measure, position, aggregation)
                yield _Statistic(measure, name, None, value, of, affordable)
            elif isinstance(aggregation, OfSums):
                of = _of_counts(whole, aggregation.value)
                yield _Statistic(measure, name, None, of(layout.totals), of, affordable)
            else:
                yield from _labels(measure, aggregation, layout, affordable)


def _labels(
    measure: int, aggregation: ByLabel, layout: _Layout, affordable: bool
) -> Iterator[_Statistic]:
    for label in aggregation.labels(layout.counts(measure)(layout.totals)):
        own = layout.counts(measure, label)
        of = _of_counts(own, _of_label(aggregation, label))
        value = of(layout.totals)
        yield _Statistic(measure, aggregation.name, label, value, of, affordable)


def _of_label(aggregation: ByLabel, label: str) -> Callable[[Counts], float | None]:
    return lambda counts: aggregation.value(counts, label)


def _of_counts(
    read: Callable[[Numbers], Counts], value: Callable[[Counts], float | None]
) -> Statistic:
    return lambda sums: value(read(sums))


def _intervals(
    statistics: Sequence[_Statistic],
    layout: _Layout,
    tally: Tally,
    clusters: int,
    n: int,
    settings: Settings,
) -> list[Interval]:
    """Return the interval of each statistic: by Wilson's score, by the bootstrap, or none."""
    found: list[Interval] = [Interval(NONE)] * len(statistics)
    resampled: dict[int, Statistic] = {}
    for place, one in enumerate(statistics):
        if clusters < 2 or one.value is None:
            continue
        if tally.measures[one.measure].proportion and clusters == n:
            hits, of = layout.counts(one.measure)(layout.totals)[()]
            found[place] = wilson_interval(hits, of, settings.level)
        elif one.resampled:
            resampled[place] = one.of
    if resampled:
        made = bootstrapped(list(resampled.values()), layout.rows(), settings)
        for place, interval in zip(resampled, made, strict=True):
            found[place] = interval
    return found

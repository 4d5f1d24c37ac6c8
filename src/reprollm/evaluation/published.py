"""Rates that a file holds already, against ours: how many rows agree, and in which way of counting.

A row agrees where our value, printed as the column prints, is the cell to its last digit. Rows that
are missing or infinite in the file and without value for us agree too and are counted apart; rows
that agree to nine significant digits only are counted as `near`: what floating-point arithmetic, or
a column that was computed from a column already printed, does.

Hundreds of ways of counting are tried, and on a few rows one of them may fit by chance, or several
alike. So it is said how many were tried, how many rows decide, and how many other ways fit these
rows as well; with fewer than ten deciding rows no way is named.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reprollm.errors import DataInvalid
from reprollm.evaluation.conventions import (
    FRACTION,
    RATE,
    Convention,
    Rows,
    Triple,
    conventions,
    reduced,
    values,
)
from reprollm.evaluation.printed import Cell, Printing, is_near, printing, read_cell, ways
from reprollm.evaluation.rates import CER, CER_REDUCTION, EXACT, WER, WER_REDUCTION
from reprollm.evaluation.source import Item

# Below so many rows that decide no way of counting is named.
LEAST_DECIDING = 10
# What a rate is in most ways of counting where nothing, or everything, is wrong.
_COMMON = frozenset(map(Fraction, (0, 1, 100)))
_SHOWN = 5
_SCREENED = 200
_KEPT = 3
_OWN_BEFORE = ", of the rate before as the file prints it"


@dataclass(frozen=True)
class Disagreement:
    """A row whose cell is another: where it stands, what the file says, what we find."""

    line: int
    id: str
    published: str
    ours: float | None


@dataclass(frozen=True)
class Held:
    """A column of the file, held against our rates.

    Attributes:
        system: whose outputs.
        score: which rate.
        column: the column's name.
        n: rows.
        agreeing: rows that agree to the last digit printed.
        near: further rows that agree to nine significant digits.
        without: rows among the agreeing where the file has no finite number and we no value.
        convention: the way of counting that fits best, in words; None where too few rows
            decide.
        tried: ways of counting that were tried, those alone that do something else to these texts.
        deciding: rows that agree and hold another number than 0, 1 and 100, which most ways give
            where nothing, or everything, is wrong; of exact match, all rows that agree.
        rivals: other ways that agree wherever this one does, on the rows that were looked at.
        printings: ways of printing, and how many rows each explains.
        mean: mean of the column's numbers, as printed; None without any.
        disagreements: the first few of the other rows.
    """

    system: str
    score: str
    column: str
    n: int
    agreeing: int
    near: int
    without: int
    convention: str | None
    tried: int
    deciding: int
    rivals: int
    printings: tuple[tuple[str, int], ...]
    mean: float | None
    disagreements: tuple[Disagreement, ...]

    @property
    def differing(self) -> int:
        """Rows that agree in no way."""
        return self.n - self.agreeing - self.near


def hold(items: Sequence[Item], score: str, column: str, before: str | None = None) -> Held:
    """Return how a column of published rates compares with the best fitting way of counting.

    Ways are tried on the first rows, until one fits them all; where the best of them does not fit
    every row, all are tried again on rows among which are those that it does not fit. Then all
    others are tried on the rows that the best one fits.

    Args:
        items: the rows of one system.
        score: which rate the column is said to be.
        column: its name.
        before: the column with the published rate before, of which a published reduction may have
            been computed.

    Raises:
        DataInvalid: a cell is no number.
    """
    cells = [_cell(item, column) for item in items]
    print_of = printing(cells)
    whole = _Rows(items, score, before)

    def fitting(places: Sequence[int]) -> list[_Way]:
        rows = _Rows([items[place] for place in places], score, before)
        return _fitting(rows, [cells[place] for place in places], print_of)

    def best_of(tried: Sequence[_Way]) -> _Way:
        return max(tried, key=lambda way: _fit(cells, whole.values(way), print_of))

    def fitted(way: _Way) -> list[bool]:
        made = whole.values(way)
        return [_agrees(cell, each, print_of) for cell, each in zip(cells, made, strict=True)]

    best = best_of(fitting(range(min(_SCREENED, len(items)))))
    odd = [place for place, fits in enumerate(fitted(best)) if not fits]
    if odd:
        again = sorted({*range(min(_SCREENED, len(items))), *odd[:_SCREENED]})
        best = best_of([best, *fitting(again)])
    told = [
        place
        for place, fits in enumerate(fitted(best))
        if fits and (score == EXACT or cells[place].value not in _COMMON | {None})
    ]
    looked = told[:_SCREENED]
    rows = _Rows([items[place] for place in looked], score, before)
    among = _Among(
        tried=sum(1 for _ in whole.ways()),
        deciding=len(told),
        rivals=_rivals(rows, [cells[place] for place in looked], print_of),
    )
    return _held(items, (score, column), cells, best, whole.values(best), print_of, among)


@dataclass(frozen=True)
class _Among:
    """What a way of counting is the best among; see `Held`."""

    tried: int
    deciding: int
    rivals: int


def _rivals(rows: _Rows, cells: Sequence[Cell], column: Printing) -> int:
    """Return how many ways fit every one of these rows, besides one that does."""
    fitting = 0
    for way in rows.ways():
        made = zip(cells, rows.values(way), strict=True)
        fitting += all(_agrees(cell, each, column) for cell, each in made)
    return max(0, fitting - 1)


def _fitting(rows: _Rows, cells: Sequence[Cell], column: Printing) -> list[_Way]:
    """Return the ways of counting that fit best, the plainest of equals first."""
    fits: dict[_Way, tuple[int, int]] = {}
    for way in rows.ways():
        fits[way] = _fit(cells, rows.values(way), column)
        if fits[way][0] == len(cells):
            break
    return sorted(fits, key=lambda way: fits[way], reverse=True)[:_KEPT]


@dataclass(frozen=True)
class _Way:
    """A convention; `from_file` where a reduction is of the rate before as the file prints it."""

    convention: Convention
    from_file: bool

    def __str__(self) -> str:
        return f"{self.convention}{_OWN_BEFORE if self.from_file else ''}"


class _Rows:
    """Rows of one system, and what one rate of them is in each way of counting."""

    def __init__(self, items: Sequence[Item], score: str, before: str | None) -> None:
        self._score = score
        self._texts = Rows([Triple(item.reference, item.output, item.source) for item in items])
        self._before: list[Fraction | None] | None = None
        if before is not None and score in (CER_REDUCTION, WER_REDUCTION):
            self._before = [_cell(item, before).value for item in items]

    def ways(self) -> Iterator[_Way]:
        """Yield every way of counting, the plainest first."""
        for each in conventions(self._score):
            if self._texts.is_plain(each):
                yield _Way(each, from_file=False)
                if self._before is not None:
                    yield _Way(each, from_file=True)

    def values(self, way: _Way) -> list[tuple[Fraction, ...]]:
        """Return what each row's rate could be printed from; empty where it has no value."""
        if not way.from_file or self._before is None:
            return values(self._texts, self._score, way.convention)
        rate = CER if self._score == CER_REDUCTION else WER
        said = way.convention
        plain = Convention(said.space, said.letters, said.words, said.divisor, RATE, FRACTION)
        came = [found[0] if found else None for found in values(self._texts, rate, plain)]
        pairs = zip(self._before, came, strict=True)
        return [reduced(was, after, said) for was, after in pairs]


def _cell(item: Item, column: str) -> Cell:
    cell = read_cell(item.published[column])
    if cell is None:
        raise DataInvalid(
            f"expected a number or nothing in the column {column!r} of {item.file}, line "
            f"{item.line}, found {item.published[column]!r:.80}"
        )
    return cell


def _fit(
    cells: Sequence[Cell], made: Sequence[tuple[Fraction, ...]], column: Printing
) -> tuple[int, int]:
    """Return how many rows agree, and how many of the others are near."""
    agreeing = near = 0
    for cell, each in zip(cells, made, strict=True):
        if _agrees(cell, each, column):
            agreeing += 1
        elif is_near(cell, each):
            near += 1
    return agreeing, near


def _agrees(cell: Cell, made: tuple[Fraction, ...], column: Printing) -> bool:
    if cell.value is None or not made:
        return cell.value is None and not made
    return bool(ways(cell, made, column))


def _held(
    items: Sequence[Item],
    named: tuple[str, str],
    cells: Sequence[Cell],
    way: _Way,
    made: Sequence[tuple[Fraction, ...]],
    column: Printing,
    among: _Among,
) -> Held:
    printings: Counter[str] = Counter()
    others: list[Disagreement] = []
    without = 0
    for item, cell, each in zip(items, cells, made, strict=True):
        if not _agrees(cell, each, column):
            if not is_near(cell, each):
                ours = float(each[0]) if each else None
                said = item.published[named[1]]
                others.append(Disagreement(item.line, item.id, said, ours))
            continue
        without += cell.value is None
        if cell.value is not None:
            printings.update(ways(cell, each, column))
    agreeing, near = _fit(cells, made, column)
    numbers = [float(cell.value) for cell in cells if cell.value is not None]
    return Held(
        system=items[0].system,
        score=named[0],
        column=named[1],
        n=len(items),
        agreeing=agreeing,
        near=near,
        without=without,
        convention=str(way) if among.deciding >= LEAST_DECIDING else None,
        tried=among.tried,
        deciding=among.deciding,
        rivals=among.rivals,
        printings=tuple(sorted(printings.items(), key=lambda pair: (-pair[1], pair[0]))),
        mean=math.fsum(numbers) / len(numbers) if numbers else None,
        disagreements=tuple(others[:_SHOWN]),
    )

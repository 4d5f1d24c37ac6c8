"""From numbers on record to a table: which stand in it, where, and how they are rounded.

Rows are arms (model, prompt, sampling) in groups (strata, splits, labels), or groups with the arms
as columns. What does not differ between the arms is said in the caption alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reprollm.tables import caption
from reprollm.tables.choice import Chosen, Crossing, Wanted, choose
from reprollm.tables.grid import Cell, Grid, Row
from reprollm.tables.measured import Arm, Book, Number
from reprollm.tables.ranking import best_values, better_than, pairs_between
from reprollm.tables.words import Language, aggregation_name, rounded, score_name, word


def lay_out(books: Sequence[Book], wanted: Wanted) -> Grid:
    """Return the table of the books' numbers.

    Raises:
        InvalidInput: nothing on record is what was asked for.
    """
    chosen = choose(books, wanted)
    marks = better_than(books, chosen, wanted)
    lettered = any(marks.values())
    letters = {arm: _letter(place) if lettered else "" for place, arm in enumerate(chosen.arms)}
    best = best_values(chosen, wanted.digits)
    cells = {
        key: _cell(number, marks.get(key, ()), letters, key in best, wanted)
        for key, number in chosen.numbers.items()
    }
    shown = list(chosen.numbers.values())
    rows, groups = (_arm_rows if wanted.arms == "rows" else _group_rows)(
        books, chosen, cells, letters, wanted
    )
    headings = [_heading(column, wanted.language) for column in chosen.columns]
    names = _headings_of_names(books, chosen, wanted)
    if wanted.arms == "columns":
        headings = [
            (f"{_arm_name(books, chosen, arm)}{_behind(letters[arm])}", " ".join(heading))
            for arm in chosen.arms
            for heading in headings
        ]
    return Grid(
        id="-".join(["scores", *dict.fromkeys(book.name for book in books)]),
        caption=tuple(caption.sentences(books, chosen.arms, shown, wanted.language)),
        names=names,
        columns=tuple(headings),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=tuple(
            caption.notes(
                shown,
                pairs_between(books, chosen, wanted),
                {(arm.run, arm.cell): _arm_name(books, chosen, arm) for arm in chosen.arms},
                (lettered, bool(best)),
                wanted.language,
            )
        ),
    )


def _heading(column: tuple[str, str], language: Language) -> tuple[str, str]:
    return score_name(column[0], language), aggregation_name(column[1], language)


def _cell(
    number: Number, beaten: Sequence[Arm], letters: dict[Arm, str], best: bool, wanted: Wanted
) -> Cell:
    interval = None
    if number.low is not None and number.high is not None:
        ends = (rounded(end, wanted.digits, wanted.language) for end in (number.low, number.high))
        interval = ("; " if wanted.language == "de" else ", ").join(ends)
    return Cell(
        number=number,
        value=word("none", wanted.language)
        if number.value is None
        else rounded(number.value, wanted.digits, wanted.language),
        interval=interval,
        marks="".join(sorted({letters[arm] for arm in beaten})),
        best=best,
    )


def _arm_rows(
    books: Sequence[Book],
    chosen: Chosen,
    cells: dict[Crossing, Cell],
    letters: dict[Arm, str],
    wanted: Wanted,
) -> tuple[list[Row], list[int]]:
    rows: list[Row] = []
    counts: list[int] = []
    for group in chosen.groups:
        before = len(rows)
        for arm in chosen.arms:
            made = [cells.get((arm, group, column), Cell(None)) for column in chosen.columns]
            if any(cell.number for cell in made):
                first = [] if wanted.level == "all" else [group or ""]
                names = [*first, *_varying(books, chosen, arm)]
                names[-1] += _behind(letters[arm])
                rows.append(Row(tuple(names), letters[arm], _n(made), tuple(made)))
        counts.append(len(rows) - before)
    return rows, counts


def _group_rows(
    books: Sequence[Book],
    chosen: Chosen,
    cells: dict[Crossing, Cell],
    letters: dict[Arm, str],
    wanted: Wanted,
) -> tuple[list[Row], list[int]]:
    rows = []
    for group in chosen.groups:
        made = [
            cells.get((arm, group, column), Cell(None))
            for arm in chosen.arms
            for column in chosen.columns
        ]
        name = word("all", wanted.language) if wanted.level == "all" else group or ""
        rows.append(Row((name,), "", _n(made), tuple(made)))
    return rows, [len(rows)]


def _n(cells: Iterable[Cell]) -> str:
    """Return the numbers of answers behind a row's values, usually one."""
    return "/".join(dict.fromkeys(str(cell.number.n) for cell in cells if cell.number))


def _headings_of_names(books: Sequence[Book], chosen: Chosen, wanted: Wanted) -> tuple[str, ...]:
    group = "" if wanted.level == "all" else _level_name(wanted)
    if wanted.arms == "columns":
        return (group,)
    own = [word(name, wanted.language) for name in _factors(books, chosen)]
    return (group, *own) if group else tuple(own)


def _level_name(wanted: Wanted) -> str:
    if wanted.level == "label":
        return aggregation_name("label", wanted.language).capitalize()
    return word(wanted.level, wanted.language)


def _factors(books: Sequence[Book], chosen: Chosen) -> list[str]:
    """Return what tells the arms apart; the model where there is one arm only."""
    found = [
        name
        for name in ("ledger", "model", "prompt", "sampling")
        if len({_factor(books, arm, name) for arm in chosen.arms}) > 1
    ]
    return found or ["model"]


def _factor(books: Sequence[Book], arm: Arm, name: str) -> str:
    if name == "ledger":
        same = [book.name for book in books].count(books[arm.ledger].name) > 1
        return f"{books[arm.ledger].name}{f' ({arm.ledger + 1})' if same else ''}"
    return {"model": arm.model, "prompt": arm.prompt or "", "sampling": arm.sampling}[name]


def _varying(books: Sequence[Book], chosen: Chosen, arm: Arm) -> list[str]:
    return [_factor(books, arm, name) for name in _factors(books, chosen)]


def _arm_name(books: Sequence[Book], chosen: Chosen, arm: Arm) -> str:
    return ", ".join(each for each in _varying(books, chosen, arm) if each)


def _behind(letter: str) -> str:
    return f" ({letter})" if letter else ""


def _letter(place: int) -> str:
    """Return a, b, … z, aa, ab, … for 0, 1, … as numbers."""
    high, low = divmod(place, 26)
    return (_letter(high - 1) if high else "") + chr(ord("a") + low)

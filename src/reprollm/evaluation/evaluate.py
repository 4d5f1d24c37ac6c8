"""From files to rated rows, aggregates, published columns held against them, and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.evaluation.aggregate import Aggregate, Settings, aggregates
from reprollm.evaluation.measured import Measured, measured
from reprollm.evaluation.published import Held, hold
from reprollm.evaluation.rates import (
    AFTER,
    BEFORE,
    NEED_SOURCE,
    RATES,
    SOURCE_CER,
    SOURCE_WER,
    Rated,
    as_they_are,
    rate,
)
from reprollm.evaluation.source import Columns, Item, read_items
from reprollm.evaluation.warnings import warnings


@dataclass(frozen=True)
class Asked:
    """What to compute of which columns.

    Attributes:
        scores: names of rates; without any, and without `measures`, all that the columns allow.
        measures: names of further scores, as experiments have them.
        answer: how an output becomes an answer for these, as the section `answer` says it.
        published: pairs of a rate's name and the column that holds it.
        strip: whether white space is taken off both ends of every text first.
        form, encoding, delimiter: how files are read; by their look where None.
    """

    columns: Columns
    scores: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    answer: dict[str, Any] | None = None
    published: tuple[tuple[str, str], ...] = ()
    strip: bool = True
    intervals: Settings = field(default_factory=Settings)
    form: dict[str, Any] | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything that was found.

    Attributes:
        files: names and SHA-256 of the files.
        names: the rates, in order.
        texts: what was done to the texts, in words.
    """

    files: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    texts: str
    rows: tuple[Rated, ...]
    aggregates: tuple[Aggregate, ...]
    held: tuple[Held, ...]
    warnings: tuple[str, ...]
    measured: Measured | None

    def further_columns(self) -> dict[str, list[str]]:
        """Return what else the table of rows holds: scores of `measured`, and the statuses."""
        if self.measured is None:
            return {}
        values = {
            name: ["" if value is None else repr(value) for value in column]
            for name, column in self.measured.values.items()
        }
        return {**values, "status": list(self.measured.statuses)}


def evaluate(files: Sequence[Path], asked: Asked) -> Evaluation:
    """Return the rates of every row of `files`, and what is made of them.

    Raises:
        DataInvalid: a file cannot be read so, lacks a column, or has a rate that is no number.
        InvalidInput: a rate needs a source, and no column of it is named.
    """
    source = read_items(files, asked.columns, asked.form, asked.encoding, asked.delimiter)
    names = _names(asked)
    prepare = str.strip if asked.strip else as_they_are
    rows = tuple(rate(item, _with_parts(names), prepare) for item in source.items)
    made = aggregates(rows, names, asked.intervals)
    scored = None
    if asked.measures:
        scored = measured(source.items, asked.measures, asked.answer, asked.intervals)
        made += scored.aggregates
    return Evaluation(
        files=source.files,
        names=names,
        texts="texts stripped at both ends" if asked.strip else "texts as they are",
        rows=rows,
        aggregates=tuple(made),
        held=tuple(_held(source.items, asked)),
        warnings=tuple(warnings(rows, made)),
        measured=scored,
    )


def _names(asked: Asked) -> tuple[str, ...]:
    wanted = dict.fromkeys((*asked.scores, *(name for name, _ in asked.published)))
    if asked.columns.source is not None:
        return tuple(wanted) if asked.scores or asked.measures else RATES
    needing = [name for name in wanted if name in NEED_SOURCE]
    if needing:
        raise InvalidInput(
            f"expected the column of the source for {needing[0]}, found none; name it by --source"
        )
    every = tuple(name for name in RATES if name not in NEED_SOURCE)
    return tuple(wanted) if asked.scores or asked.measures else every


def _with_parts(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names and those of which reductions among them are made."""
    parts = [each for name in names if name in BEFORE for each in (BEFORE[name], AFTER[name])]
    return tuple(dict.fromkeys((*names, *parts)))


def _held(items: Sequence[Item], asked: Asked) -> list[Held]:
    before = {name: column for name, column in asked.published if name in (SOURCE_CER, SOURCE_WER)}
    found = []
    for system in dict.fromkeys(item.system for item in items):
        own = [item for item in items if item.system == system]
        for name, column in asked.published:
            found.append(hold(own, name, column, before.get(BEFORE.get(name, ""))))
    return found

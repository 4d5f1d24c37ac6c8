"""All items as data in the page: a few columns to filter by, and blocks of texts to show.

The columns of all rows are small and read at once; the texts lie in blocks that a page reads when
it shows or searches them. Within a block each text stands once. A prompt mostly is the same words
around another source, so those words (a *frame*) stand once for the whole page.

Everything is plain JSON: the same bytes on every machine, and readable with any tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reprollm.report.rows import Row
from reprollm.report.shown import embedded

NONE, WITHHELD = -1, -2
_BLOCK_CHARACTERS = 256 * 1024
_BLOCK_ROWS = 1024
_PIECE_ROWS = 8192
_MOST_FRAMES = 1000
STATUSES = ("answered", "empty", "refused", "unparsed", "withheld", "failed", "missing")


class Coded:
    """Values as small numbers, in the order in which they come."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        """Return the number of a value."""
        code = self._codes.get(value)
        if code is None:
            code = self._codes[value] = len(self.values)
            self.values.append(value)
        return code


@dataclass
class Packing:
    """Takes rows in and gives blocks out; afterwards holds the columns and what codes mean.

    Attributes:
        scores: names of the item scores, in the order of their columns.
        verdicts: what contamination checks say: of each run by item, pairs of method and verdict.
    """

    scores: tuple[str, ...]
    verdicts: Sequence[Mapping[str, tuple[tuple[str, str], ...]]] = ()
    count: int = 0

    def __post_init__(self) -> None:
        self._coded = {name: Coded() for name in ("stratum", "split", "document", "cell", "seed")}
        self._verdict = Coded()
        self._frames = Coded()
        self._columns: dict[str, list[Any]] = {name: [] for name in self._names()}

    def blocks(self, rows: Iterable[Row]) -> Iterator[Markup]:
        """Yield the texts of all rows as script elements that hold data."""
        block = _Block(0)
        for row in rows:
            self._take(row)
            block.take(row, self._frame(row))
            self.count += 1
            if block.full:
                yield block.element()
                block = _Block(self.count)
        if block.rows:
            yield block.element()

    def pieces(self) -> Iterator[Markup]:
        """Yield the columns of all rows as script elements that hold data."""
        for first in range(0, self.count, _PIECE_ROWS):
            piece = {
                name: column[first : first + _PIECE_ROWS] for name, column in self._columns.items()
            }
            yield _element("columns", {"first": first, **piece})

    def meanings(self) -> dict[str, Any]:
        """Return what the codes in columns and blocks mean."""
        return {
            "count": self.count,
            "scores": list(self.scores),
            "statuses": list(STATUSES),
            "verdicts": [[list(pair) for pair in value] for value in self._verdict.values],
            "frames": [list(frame) for frame in self._frames.values],
            **{f"{name}s": coded.values for name, coded in self._coded.items()},
        }

    def _names(self) -> list[str]:
        score_columns = [f"score{at}" for at in range(len(self.scores))]
        fixed = "item run repetition status runaway right again verdict".split()
        return [*fixed, *self._coded, *score_columns]

    def _take(self, row: Row) -> None:
        add = self._columns
        add["item"].append(row.item)
        add["run"].append(row.run)
        add["repetition"].append(row.repetition)
        add["status"].append(STATUSES.index(row.status))
        add["runaway"].append(int(row.runaway))
        add["right"].append(-1 if row.right is None else int(row.right))
        add["again"].append(row.again)
        said = self.verdicts[row.run].get(row.item, ()) if self.verdicts else ()
        add["verdict"].append(self._verdict(said))
        for name, coded in self._coded.items():
            add[name].append(coded(getattr(row, name)))
        for at, name in enumerate(self.scores):
            value = row.scores.get(name)
            add[f"score{at}"].append(None if value is None else _number(value))

    def _frame(self, row: Row) -> int:
        """Return the number of the words around a prompt's source; `NONE` for a prompt of its own.

        Of a prompt that holds its source more than once the first place counts.
        """
        if row.prompt is None or not row.source or len(self._frames.values) > _MOST_FRAMES:
            return NONE
        before, found, after = row.prompt.partition(row.source)
        return self._frames((before, after)) if found else NONE


class _Block:
    """The texts of some rows that follow one another."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.rows: list[list[Any]] = []
        self._texts = Coded()
        self._characters = 0

    @property
    def full(self) -> bool:
        return self._characters > _BLOCK_CHARACTERS or len(self.rows) >= _BLOCK_ROWS

    def take(self, row: Row, frame: int) -> None:
        prompt = NONE if frame != NONE else self._text(row.prompt, committed=True)
        said = [
            frame,
            prompt,
            self._text(row.source, committed=row.has_source),
            self._text(row.reference, committed=row.has_reference),
            self._text(row.output, committed=row.position is not None),
            row.asked,
            row.request,
            NONE if row.position is None else row.position,
            row.leaf or "",
        ]
        self.rows.append([*said, row.message] if row.message else said)

    def element(self) -> Markup:
        return _element(
            "texts", {"first": self.first, "texts": self._texts.values, "rows": self.rows}
        )

    def _text(self, text: str | None, *, committed: bool) -> int:
        if text is None:
            return WITHHELD if committed else NONE
        before = len(self._texts.values)
        code = self._texts(text)
        if code == before:
            self._characters += len(text)
        return code


def _number(value: float) -> float | int:
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _element(name: str, value: Any) -> Markup:
    return Markup('<script type="application/json" class="{}">{}</script>\n').format(
        name, Markup(embedded(value))
    )

"""A table as Markdown (GitHub Flavored Markdown, section 4.10: tables).

In texts from outside every punctuation mark that could mean something is escaped by a backslash
(CommonMark 0.31, section 2.4), and `&` and `<` are written as entities besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reprollm.tables.grid import Cell, Grid, Row
from reprollm.tables.plain import plain

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_HARMLESS = frozenset(",;:/()%=.' ")
# A hyphen inside a word is one.
_JOINT = re.compile(r"(?<=[0-9A-Za-z])-(?=[0-9A-Za-z])")
_LINKS = ("www", "://", "@")


def markdown(grid: Grid) -> str:
    """Return caption, table and notes, divided by blank lines."""
    heads = [*grid.names, *(f"{top}, {below}" for top, below in grid.columns), "n"]
    rule = ["---"] * len(grid.names) + ["---:"] * (len(grid.columns) + 1)
    lines = [_line(map(escaped, heads)), _line(rule), *map(_row, grid.rows)]
    return f"{_paragraph(grid.caption)}\n\n{chr(10).join(lines)}\n\n{_paragraph(grid.notes)}\n"


def escaped(text: str) -> str:
    """Return a text of which no character acts, in a table's cell or elsewhere."""
    shown = plain(text)
    links = any(mark in shown.lower() for mark in _LINKS)
    kept = frozenset(" ") if links else _HARMLESS
    made = _JOINT.sub("\0", shown)
    return "".join(_escaped(each, kept) for each in made).replace("\0", "-")


def _escaped(character: str, kept: frozenset[str]) -> str:
    if character in _ENTITIES:
        return _ENTITIES[character]
    if character in kept or character == "\0" or not character.isascii() or character.isalnum():
        return character
    return f"\\{character}"


def _paragraph(sentences: tuple[str, ...]) -> str:
    made = " ".join(map(escaped, sentences))
    # A number and a full stop at the start of a paragraph would begin a list.
    start = made.split(" ", 1)[0]
    return made.replace(".", "\\.", 1) if start[:-1].isdigit() and start.endswith(".") else made


def _row(row: Row) -> str:
    return _line([*map(escaped, row.names), *map(_cell, row.cells), escaped(row.n)])


def _cell(cell: Cell) -> str:
    value = f"**{cell.value}**" if cell.best else cell.value
    value += f"<sup>{cell.marks}</sup>" if cell.marks else ""
    return value if cell.interval is None else f"{value} \\[{cell.interval}\\]"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

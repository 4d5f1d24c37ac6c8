"""A table as HTML: one `table` element with its caption, headings with scopes, and the notes below.

Texts from outside are escaped and set apart by `bdi`, so that neither markup nor direction spreads.
"""

from __future__ import annotations

from html import escape

from reprollm.tables.grid import Cell, Grid, Row
from reprollm.tables.plain import plain
from reprollm.tables.words import Language


def html(grid: Grid, language: Language) -> str:
    """Return the table and a paragraph of notes."""
    heads = [
        *(_head(escaped(name)) for name in grid.names),
        *(_head(f"{escaped(top)}<br>{escaped(below)}") for top, below in grid.columns),
        _head("<i>n</i>"),
    ]
    lines = [
        f'<table lang="{language}">',
        f"<caption>{_sentences(grid.caption)}</caption>",
        f"<thead><tr>{''.join(heads)}</tr></thead>",
        *_bodies(grid),
        "</table>",
        f'<p lang="{language}">{_sentences(grid.notes)}</p>',
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return a text of which no character acts."""
    return escape(plain(text), quote=True)


def _head(inner: str) -> str:
    return f'<th scope="col">{inner}</th>'


def _bodies(grid: Grid) -> list[str]:
    lines: list[str] = []
    at = 0
    for count in grid.groups:
        lines += ["<tbody>", *map(_row, grid.rows[at : at + count]), "</tbody>"]
        at += count
    return lines


def _row(row: Row) -> str:
    names = "".join(f'<th scope="row"><bdi>{escaped(name)}</bdi></th>' for name in row.names)
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in row.cells)
    return f"<tr>{names}{cells}<td>{escaped(row.n)}</td></tr>"


def _cell(cell: Cell) -> str:
    value = escape(cell.value).replace("-", "&minus;")
    value = f"<strong>{value}</strong>" if cell.best else value
    value += f"<sup>{escape(cell.marks)}</sup>" if cell.marks else ""
    if cell.interval is None:
        return value
    return f"{value} <small>[{escape(cell.interval).replace('-', '&minus;')}]</small>"


def _sentences(sentences: tuple[str, ...]) -> str:
    return " ".join(f"<bdi>{escaped(each)}</bdi>" for each in sentences)

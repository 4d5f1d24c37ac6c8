"""What goes to a terminal: tables, and texts from outside made harmless.

Model outputs, prompts and file names come from outside. Shown as they are, they could move the
cursor, recolour or rewrite what was printed, reverse the reading direction, or be read as markup.
So every such text passes through `safe`.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Cc controls, Cf format characters (bidirectional overrides among them), Co private use, Cs
# surrogates, Zl and Zp separators (Unicode 16, table 4-4).
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Columns of a table that goes to a file or a pipe.
_FILE_WIDTH = 160


def safe(text: str, limit: int | None = None) -> str:
    """Return `text` with every character that acts instead of showing written as an escape.

    Args:
        text: any text from outside.
        limit: cut after this many characters and mark the cut with an ellipsis.
    """
    cut = text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
    return "".join(map(_visible, cut))


def whole(text: str) -> str:
    """Return the lines of `text` to print: exactly, or made harmless where a terminal shows them.

    For texts that are handed on to others or to programs, in which no byte may change.
    """
    if not sys.stdout.isatty():
        return text
    return "".join(safe(line) + "\n" for line in text.removesuffix("\n").split("\n"))


def console() -> Console:
    """Return a console on standard output; where that is no terminal, plain text in long lines."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table whose cells are shown as text, whatever they hold.

    A column whose heading starts with `>` is set flush right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        side: Literal["left", "right"] = "right" if right else "left"
        made.add_column(column.removeprefix(">"), justify=side, overflow="fold")
    for row in rows:
        made.add_row(*(Text(safe(cell)) for cell in row))
    return made


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎"
    if unicodedata.category(character) in _HIDDEN:
        return character.encode("unicode_escape").decode("ascii")
    return character

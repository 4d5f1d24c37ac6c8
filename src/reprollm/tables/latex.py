r"""A table as LaTeX with booktabs (Fear 2020, the booktabs package).

Every text from outside is escaped: of TeX's ten special characters (Knuth 1984, The TeXbook,
chapter 7) and of the further ones that ligatures or shorthands could change, none acts.
"""

from __future__ import annotations

import re

from reprollm.tables.grid import Cell, Grid, Row
from reprollm.tables.plain import plain

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "%": r"\%",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "κ": r"$\kappa$",
}
# Two of these would be drawn as one character.
_LIGATURE = re.compile("([-,'])(?=\\1)")


def latex(grid: Grid) -> str:
    r"""Return the table; the document needs `\usepackage{booktabs}` and UTF-8."""
    names = [_cell_text(name) for name in grid.names]
    over = [*("" for _ in names), *(escaped(top) for top, _ in grid.columns), ""]
    under = [*names, *(escaped(below) for _, below in grid.columns), "$n$"]
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{_sentences(grid.caption)}}}",
        f"  \\label{{tab:{re.sub('[^a-z0-9-]', '-', grid.id.lower())}}}",
        f"  \\begin{{tabular}}{{{'l' * len(names)}{'r' * (len(grid.columns) + 1)}}}",
        "    \\toprule",
        f"    {' & '.join(over)} \\\\",
        f"    {' & '.join(under)} \\\\",
        *_body(grid),
        "    \\bottomrule",
        "  \\end{tabular}",
        f"  \\par\\smallskip\\footnotesize {_sentences(grid.notes)}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return a text of which no character acts."""
    apart = _LIGATURE.sub(r"\1\0", plain(text))
    return "".join(_ESCAPES.get(each, each) for each in apart).replace("\0", "{}")


def _body(grid: Grid) -> list[str]:
    lines: list[str] = []
    at = 0
    for count in grid.groups:
        lines.append("    \\midrule")
        lines += [f"    {_row(row)} \\\\" for row in grid.rows[at : at + count]]
        at += count
    return lines


def _row(row: Row) -> str:
    return " & ".join([*map(_cell_text, row.names), *map(_cell, row.cells), escaped(row.n)])


def _cell(cell: Cell) -> str:
    value = cell.value.replace("-", "$-$")
    value = f"\\textbf{{{value}}}" if cell.best else value
    value += f"\\textsuperscript{{{cell.marks}}}" if cell.marks else ""
    if cell.interval is None:
        return value
    return f"{value} {{\\footnotesize[{cell.interval.replace('-', '$-$')}]}}"


def _cell_text(text: str) -> str:
    r"""Return a text for a cell; a `[` behind `\\` would be read as its optional argument."""
    made = escaped(text)
    return f"{{}}{made}" if made.startswith(("[", "*")) else made


def _sentences(sentences: tuple[str, ...]) -> str:
    return " ".join(map(escaped, sentences))

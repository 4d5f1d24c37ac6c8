from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest

from reprollm.tables.choice import Wanted
from reprollm.tables.csv_table import csv_table
from reprollm.tables.grid import Grid
from reprollm.tables.html import html
from reprollm.tables.latex import escaped, latex
from reprollm.tables.layout import lay_out
from reprollm.tables.markdown import markdown
from reprollm.tables.measured import Book
from reprollm.tables.plain import plain
from reprollm.tables.provenance import sentence, traced
from tables.books import HOSTILE, arm, book, number, place, two_arms

SHOWN = plain(HOSTILE)


def hostile() -> tuple[Grid, list[Book]]:
    cells = (arm(HOSTILE), arm("warm"))
    numbers = (
        number(HOSTILE, "0.1", 1, level="stratum", group=HOSTILE),
        number("warm", "-0.2", 2, level="stratum", group=HOSTILE),
    )
    books = [book(cells, numbers, title=HOSTILE, name=HOSTILE)]
    return lay_out(books, Wanted(level="stratum")), books


def test_latex_is_what_booktabs_takes() -> None:
    lines = latex(lay_out([two_arms()], Wanted())).splitlines()
    start, end = lines.index("    \\toprule"), lines.index("    \\bottomrule")
    assert lines[start - 1] == "  \\begin{tabular}{lrrr}"
    assert lines[start + 1 : end] == [
        "     & CER & CER reduction &  \\\\",
        "    Sampling & mean of items & mean of items & $n$ \\\\",
        "    \\midrule",
        "    greedy (a) & \\textbf{0.052}\\textsuperscript{b} "
        "{\\footnotesize[0.041, 0.064]} & – & 40 \\\\",
        "    warm (b) & 0.071 {\\footnotesize[0.060, 0.083]} & $-$0.250 & 40 \\\\",
    ]


def test_no_text_breaks_out_of_latex() -> None:
    grid, _ = hostile()
    text = latex(grid)
    assert "\\input" not in text.replace("\\textbackslash{}input", "")
    unescaped = re.sub(r"\\.", "", text)
    depth = 0
    for character in unescaped:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert unescaped.count("%") == 1  # the first line's own
    assert "#" not in unescaped and "~" not in unescaped and "^" not in unescaped
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith("\\\\")]
    columns = len(grid.names) + len(grid.columns) + 1
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [columns - 1] * len(rows)
    assert re.findall(r"\\(?:begin|end)\{\w+\}", text) == [
        "\\begin{table}",
        "\\begin{tabular}",
        "\\end{tabular}",
        "\\end{table}",
    ]


def test_latex_keeps_two_hyphens_two() -> None:
    assert escaped("a--b-c") == "a-{}-b-c"
    assert escaped("\x00") == "\\textbackslash{}x00"


def test_markdown_gives_the_text_back_and_nothing_else() -> None:
    from markdown_it import MarkdownIt

    grid, _ = hostile()
    parser = MarkdownIt("commonmark", {"linkify": False}).enable("table")
    tokens = parser.parse(markdown(grid))
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "html_inline"}
    texts = [
        "".join(c.content for c in token.children or () if c.type != "html_inline")
        for token in tokens
        if token.type == "inline"
    ]
    assert texts.count(SHOWN) == 2  # the group, in both rows
    assert [token.type for token in tokens].count("tr_open") == 3


def test_markdown_of_two_arms() -> None:
    lines = markdown(lay_out([two_arms()], Wanted())).splitlines()
    assert lines[2:6] == [
        "| Sampling | CER, mean of items | CER reduction, mean of items | n |",
        "| --- | ---: | ---: | ---: |",
        "| greedy (a) | **0.052**<sup>b</sup> \\[0.041, 0.064\\] | – | 40 |",
        "| warm (b) | 0.071 \\[0.060, 0.083\\] | -0.250 | 40 |",
    ]


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_shows_markup_as_text() -> None:
    grid, _ = hostile()
    parser = _Cells()
    parser.feed(html(grid, "en"))
    parser.close()
    assert set(parser.tags) <= {
        "table", "caption", "thead", "tbody", "tr", "th", "td", "bdi", "br", "i", "p", "strong",
        "small", "sup",
    }  # fmt: skip
    assert parser.texts.count(SHOWN) == 2  # the group, in both rows
    assert "\u202e" not in html(grid, "en") and "\x1b" not in html(grid, "en")


def test_csv_has_every_digit_and_the_record_of_every_number() -> None:
    books = [two_arms()]
    text = csv_table(lay_out(books, Wanted()), books)
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["value"] for line in lines] == ["0.052500", "", "0.071499", "-0.250000"]
    assert lines[0]["leaf"] == place(80).leaf
    assert (lines[0]["code"], lines[0]["checkpoint_size"]) == ("c0" * 32, "90")
    assert lines[0]["better_than"] == "b"
    assert lines[0]["ledger_root"] == "cd" * 32


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\n="])
def test_no_cell_of_a_csv_is_a_formula(start: str) -> None:
    name = f"{start}HYPERLINK(1)"
    books = [book((arm(name),), (number(name, "-0.5", 1),))]
    line = next(csv.DictReader(io.StringIO(csv_table(lay_out(books, Wanted()), books))))
    assert not line["sampling"].startswith(("=", "+", "-", "@", "\t", "\n"))
    assert line["value"] == "-0.5"


def test_every_number_is_traced_to_its_record() -> None:
    found = list(traced(lay_out([two_arms()], Wanted())))
    assert [each.position for each in found] == [80, 82, 81, 83]
    assert sentence(found[0]) == (
        f"greedy (a); CER, mean of items: 0.052500 is record 80, leaf {place(80).leaf}, derived "
        f"from 90 records with root {'ab' * 32} by code {'c0' * 32}"
    )


def test_the_same_records_give_the_same_bytes() -> None:
    grid, books = hostile()
    again, others = hostile()
    assert latex(grid) == latex(again)
    assert csv_table(grid, books) == csv_table(again, others)

import io

from rich.console import Console

from reprollm.cli.terminal import safe, table


def test_controls_and_direction_marks_are_shown_not_obeyed():
    hostile = "\x1b[31mred\x07 \u202eleft\u2066 \x9b2J \ue000 a\u2028b"
    shown = safe(hostile)
    assert shown == ("\\x1b[31mred\\x07 \\u202eleft\\u2066 \\x9b2J \\ue000 a\\u2028b")


def test_ordinary_text_stays_as_it_is():
    assert safe("ſprach zu jhm, Thuͤr; 你好 🙂") == "ſprach zu jhm, Thuͤr; 你好 🙂"


def test_line_ends_show_and_long_texts_are_cut():
    assert safe("a\nb") == "a⏎b"
    assert safe("abcdef", limit=4) == "abc…"


def test_markup_in_a_cell_is_text():
    stream = io.StringIO()
    Console(file=stream, width=80).print(table("t", ["a"], [["[red]x[/red] [link=file:///]y"]]))
    assert "[red]x[/red] [link=file:///]y" in stream.getvalue()

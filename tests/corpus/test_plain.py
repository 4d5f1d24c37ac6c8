from __future__ import annotations

from reprollm.corpus.plain import letters, whitespace, words


def test_words_are_lower_case_without_punctuation() -> None:
    assert words().words("Don’t — stop, „NOW“! 3,5") == ["dont", "stop", "now", "35"]


def test_white_space_words_stay_as_they_are() -> None:
    assert whitespace().words("Ein\u00a0Wort,  noch\nEins.") == ["Ein", "Wort,", "noch", "Eins."]


def test_letters_are_tokens_and_nothing_else_counts() -> None:
    assert letters().words("a-B, ö 1\n") == ["a", "B", "ö", "1"]


def test_spans_point_to_the_words() -> None:
    text = "„Ein“ Wort – noch eins."
    assert [text[start:end] for start, end in words().spans(text)] == [
        "Ein“",
        "Wort",
        "noch",
        "eins.",
    ]

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reprollm.report
from reprollm.report.language import LANGUAGES, Number, Said, Speech, number
from reprollm.report.messages import MESSAGES

PACKAGE = Path(reprollm.report.__file__).parent
PLACE = re.compile(r"\{(\w+)\}")
# Keys that are put together from a name that records use.
GROUPS = (
    "score", "aggregation", "col", "nav", "status", "right", "again", "order", "filter", "summary",
    "warning", "verdict", "licence", "trust", "identity", "stage", "input", "node", "how", "file",
    "check", "text", "better", "contamination", "because", "claim", "favours", "test", "among",
    "determinism", "decision", "item", "result", "means", "knew",
)  # fmt: skip


def test_both_languages_have_every_message_with_the_same_places() -> None:
    for key, words in MESSAGES.items():
        assert set(words) == set(LANGUAGES), key
        assert all(words.values()), key
        places = {language: sorted(PLACE.findall(words[language])) for language in LANGUAGES}
        assert places["en"] == places["de"], key


def test_every_message_is_used_and_every_used_one_exists() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in {".py", ".js", ".jinja"} and "messages" not in path.parts
    )
    called = set(
        re.findall(r'(?:\bt|(?<!\.)said|say|label|speech|Sentence|Node)\(\s*"([\w.-]+)"', source)
    )

    assert {key for key in called - set(MESSAGES) if key not in GROUPS and key[-1] != "."} == set()
    unused = {
        key
        for key in MESSAGES
        if f'"{key}"' not in source
        and key.partition(".")[0] not in GROUPS
        and not (key.endswith(".one") and f'"{key[:-4]}"' in source)
    }
    assert unused == set()


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("0.041000", "0.041000", "0,041000"),
        ("1234567", "1,234,567", "1.234.567"),
        ("999", "999", "999"),
        ("-12345.5", "\u221212,345.5", "\u221212.345,5"),
        ("1e-08", "1e-08", "1e-08"),
        ("no number\u202e", "no number\\u202e", "no number\\u202e"),
    ],
)
def test_numbers_have_the_signs_of_the_language(text: str, english: str, german: str) -> None:
    assert (number(text, "en"), number(text, "de")) == (english, german)


def test_a_message_carries_what_the_script_needs_to_say_it_again() -> None:
    said = Speech("de")("count", n=1200, all=2000)
    label = Speech("en").label("pvalues.label", n=3, first=1, expected=Number("0.5"))

    assert 'data-t="count" data-v="{&#34;n&#34;:1200,&#34;all&#34;:2000}"' in said
    assert ">1.200 von 2.000 Anfragen<" in said
    assert 'data-l="pvalues.label"' in label and "&#34;d&#34;:&#34;0.5&#34;" in label


def test_recorded_texts_in_a_message_are_isolated_and_harmless() -> None:
    said = Speech("en")("input.model", name="<b>\u202e")

    assert "<bdi>&lt;b&gt;\\u202e</bdi>" in said
    assert "\u202e" not in said


def test_one_thing_is_spoken_of_as_one() -> None:
    speech = Speech("en")

    assert speech.text("reused", n=1).startswith("One answer was")
    assert speech.text("reused", n=2).startswith("2 answers were")
    assert speech.text("score.plot", score=Said("score.f1"), aggregation="x") == "F1, x"

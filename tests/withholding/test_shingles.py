"""When one text repeats another."""

import numpy as np
import pytest

from reprollm.records.arrays import ids_to_bytes
from reprollm.withholding.shingles import Shingles

TEXT = "Uns ist in alten mæren wunders vil geseit von helden lobebæren von grôzer arebeit"


def holding(*texts: str) -> Shingles:
    shingles = Shingles()
    for text in texts:
        shingles.add_text(text)
    return shingles


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.upper(),
        "»" + TEXT.replace(" ", "\n\t ") + "«",
        f"he said: {TEXT[8:60]} …",
        TEXT.replace("mæren", "<b>mæren</b>").replace("<b>", "*").replace("</b>", "*"),
        TEXT.replace("ô", "o\u0302"),
        TEXT.replace(" ", "-"),
        TEXT.replace(" ", "_"),
    ],
)
def test_eight_words_in_a_row_are_a_repetition_however_they_are_set(text: str) -> None:
    assert holding(TEXT).repeated_by(["nothing of it", text]) == {1}


def test_seven_words_in_a_row_are_none() -> None:
    seven = " ".join(TEXT.split()[2:9])
    assert holding(TEXT).repeated_by([seven, f"{seven} X {seven}"]) == set()


def test_a_run_does_not_reach_over_the_end_of_a_text() -> None:
    first, second = TEXT.split()[:4], TEXT.split()[4:8]
    assert holding(TEXT).repeated_by([" ".join(first), " ".join(second)]) == set()
    assert holding(" ".join(first), " ".join(second)).repeated_by([TEXT]) == {0}


def test_a_short_text_is_repeated_only_whole() -> None:
    held = holding("und er sprach")
    assert held.repeated_by(["da: „Und er sprach“!", "und sprach er", "und er spra"]) == {0}


def test_short_texts_of_few_words_can_be_passed_over() -> None:
    held = holding("Brandenburg", "und er sprach also", TEXT)
    texts = ["in brandenburg", "und er sprach also", TEXT]
    assert held.repeated_by(texts, least=2) == {1, 2}
    assert held.repeated_by(texts, least=5) == {2}


@pytest.mark.parametrize("text", ["no", "42", "", "…!", "a b c"])
def test_a_text_of_less_than_eight_characters_is_counted_and_not_looked_for(text: str) -> None:
    held = holding(text)
    assert held.too_short == 1
    assert held.repeated_by([text, f"the answer is {text}"]) == set()


def test_a_run_of_one_word_says_nothing() -> None:
    assert holding("the " * 20).repeated_by(["the " * 12]) == set()


def test_a_part_of_a_very_long_word_is_found() -> None:
    word = "".join(chr(97 + (7 * n * n) % 26) for n in range(200))
    assert holding(word).repeated_by([word[50:82], word[50:81]]) == {0}


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    text = "天地玄黃宇宙洪荒日月盈昃辰宿列張"
    assert holding(text).repeated_by([f"「{text[3:11]}」", text[3:10]]) == {0}


def test_numbers_are_found_by_runs_of_eight() -> None:
    held = Shingles()
    held.add_numbers(ids_to_bytes(range(100, 120)))
    held.add_numbers(ids_to_bytes([1, 2, 3]))
    assert held.too_short == 1
    assert held.numbers_repeated_by(np.arange(90, 108, dtype=np.uint32))
    assert not held.numbers_repeated_by(np.arange(90, 107, dtype=np.uint32))
    assert not held.numbers_repeated_by(np.zeros(50, np.uint32))


def test_what_is_accepted_is_not_looked_for_again() -> None:
    other = "swer im dâ von gesagte daz wære im gar ein nôt"
    held = holding(TEXT, other)
    held.add_numbers(ids_to_bytes(range(100, 120)))
    held.forget([TEXT])
    held.forget_numbers(np.arange(100, 112, dtype=np.uint32))
    assert held.repeated_by([TEXT, other]) == {1}
    assert not held.numbers_repeated_by(np.arange(100, 112, dtype=np.uint32))
    assert held.numbers_repeated_by(np.arange(108, 120, dtype=np.uint32))


def test_many_texts_are_looked_through_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reprollm.withholding.runs.PORTION_WORDS", 20)
    monkeypatch.setattr("reprollm.withholding.shingles.PORTION_WORDS", 20)
    texts = [f"{TEXT} {number}" for number in range(9)] + ["other words"] * 9 + [TEXT]
    assert holding(*texts[:3]).repeated_by(texts) == {*range(9), 18}

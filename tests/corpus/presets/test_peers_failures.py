"""Inputs on which public implementations fail, scanned as a user would: ours are right.

Each test's docstring says who fails and why.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from reprollm.corpus.check import check, tokenization_of
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets import PRESETS
from reprollm.corpus.presets.judged import CLEAN, CONTAMINATED, UNCHECKABLE
from reprollm.corpus.scan import scan

BRIEF = (
    "Da trat der Müller aus der Tür und grüßte die große Straße hinab, ehe er die Säcke zählte, "
    "die der Knecht am Morgen über die Brücke gefahren hatte"
)
DASHES = "der Rat - so steht es - hat den Brief - wie zuvor - an die Stadt - ohne Siegel - gesandt"


def verdicts(
    folder: Path, preset: str, items: dict[str, str], documents: list[str], **options: int
) -> dict[str, str]:
    corpus = folder / "corpus.jsonl"
    lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in documents)
    corpus.write_text("".join(lines), encoding="utf-8")
    chosen = PRESETS[preset]
    tokenization = tokenization_of(chosen.kind)
    checked = check(
        [Item(name, text) for name, text in items.items()],
        None,
        chosen,
        tokenization,
        lambda found, n: scan([corpus], found, ScanOptions(tokenization, n, **options)),
    )
    return {judged.item: judged.verdict for judged in checked.tests}


@pytest.mark.parametrize("preset", ["robust", "gpt3", "palm", "tulu3", "datatrove", "exact"])
def test_an_identical_text_with_free_standing_dashes_is_found(tmp_path: Path, preset: str) -> None:
    """lm-eval's Python janitor normalises and splits in one order for its index, in the other for
    its scan; dashes closer together than 13 words hide every n-gram of an identical text."""
    found = verdicts(tmp_path, preset, {"item": DASHES}, [f"Vorher. {DASHES} Nachher."])
    assert found == {"item": CONTAMINATED}


def test_a_german_copy_in_capitals_is_found(tmp_path: Path) -> None:
    """lm-eval lower-cases with an ASCII table, dolma not at all: ß, Ü and SS stay different."""
    assert "STRASSE" in BRIEF.upper()
    found = verdicts(tmp_path, "robust", {"item": BRIEF}, [BRIEF.upper()])
    assert found == {"item": CONTAMINATED}


@pytest.mark.parametrize("form", ["NFD", "NFC", "NFKD"])
def test_a_copy_in_another_unicode_form_is_found(tmp_path: Path, form: str) -> None:
    """lm-eval, dolma and LLMSanitize compare code points, so that a decomposed copy is another
    text."""
    copy = unicodedata.normalize(form, BRIEF)
    found = verdicts(tmp_path, "robust", {"item": BRIEF}, [copy])
    assert found == {"item": CONTAMINATED}


@pytest.mark.parametrize("marks", ["„{}“", "»{}«", "“{}”", "\u201a{}\u2018", "'{}'", "{}"])
def test_a_copy_in_other_quotation_marks_is_found(tmp_path: Path, marks: str) -> None:
    """lm-eval deletes `string.punctuation`, which is ASCII: typographic quotation marks stay glued
    to their words."""
    words = BRIEF.split()
    item = " ".join(f'"{word}"' if at % 4 == 0 else word for at, word in enumerate(words))
    copy = " ".join(marks.format(word) if at % 4 == 0 else word for at, word in enumerate(words))
    assert verdicts(tmp_path, "robust", {"item": item}, [copy]) == {"item": CONTAMINATED}


@pytest.mark.parametrize("preset", ["robust", "gpt3", "gpt2", "palm", "tulu3", "datatrove"])
def test_a_copy_in_capitals_is_found(tmp_path: Path, preset: str) -> None:
    """dolma's Bloom filter is asked with the text as it is: it found 108 of 219 planted documents
    when half of them were in capitals."""
    item = "the clerk of the court wrote to the mayor that no letter of the king had been received"
    found = verdicts(tmp_path, preset, {"item": item}, [item.upper()])
    assert found == {"item": CONTAMINATED}


def test_frequent_ngrams_are_ignored_without_a_crash(tmp_path: Path) -> None:
    """LLMSanitize's `gpt3.py` deletes from a dictionary while it walks over it: RuntimeError as
    soon as an n-gram stands in ten documents."""
    formula = "in the name of god amen we the undersigned make known to all who read this"
    item = f"{formula} that the mill by the river was sold to the widow of the smith in spring"
    documents = [f"{formula} number {number}" for number in range(30)]
    assert verdicts(tmp_path, "gpt3", {"item": item}, documents) == {"item": CLEAN}
    found = verdicts(tmp_path, "gpt3", {"item": item}, [*documents, item])
    assert found == {"item": CONTAMINATED}


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"llama2"}))
def test_items_too_short_to_have_an_ngram_are_uncheckable(tmp_path: Path, preset: str) -> None:
    """lm-eval, datatrove and dolma say nothing of items shorter than their n-gram, which reads as
    clean; LLMSanitize drops them from the denominator of its share."""
    items = {"empty": "", "one": "ja", "four": "ja und nein aber", "dash": "- – —"}
    found = verdicts(tmp_path, preset, items, ["ja und nein aber ja", "ja"])
    assert found == dict.fromkeys(items, UNCHECKABLE)


def test_text_that_shares_nothing_is_clean(tmp_path: Path) -> None:
    """lm-eval's `clean_cpp` never asks its index: every text of 13 words or more is dirty."""
    other = " ".join(f"fremd{number}" for number in range(60))
    for preset in sorted(set(PRESETS) - {"llama2"}):
        assert verdicts(tmp_path, preset, {"item": BRIEF}, [other]) == {"item": CLEAN}


def test_an_item_within_a_document_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """LLMSanitize's `gpt4.py` cuts a document's substrings one too early: a copy at its end is
    missed."""
    item = "".join(f"{number:03d}" for number in range(17))[:50]
    for document in (item, f"x{item}", f"{item}x", f"xxx {item}"):
        assert verdicts(tmp_path, "gpt4", {"item": item}, [document]) == {"item": CONTAMINATED}


def test_spaces_and_symbols_do_not_hide_fifty_characters(tmp_path: Path) -> None:
    """LLMSanitize keeps letters alone; the paper keeps numbers, and so two texts that differ in a
    number differ."""
    item = "Am 14. Mai 1523 schrieb der Rat zu Zürich an den Rat zu Bern wegen des Zolls im Aargau"
    spread = " ".join(item.replace(" ", "").replace(".", " · "))
    assert verdicts(tmp_path, "gpt4", {"item": item}, [spread]) == {"item": CONTAMINATED}
    letters = "".join(character for character in item if character.isalpha())
    numbered = " ".join(f"{number}{letter}" for number, letter in enumerate(letters))
    assert verdicts(tmp_path, "gpt4", {"item": item}, [numbered]) == {"item": CLEAN}

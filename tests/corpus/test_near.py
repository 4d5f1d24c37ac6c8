from __future__ import annotations

import random

import pytest

from reprollm.corpus.near import Near, NearIndex, NearSettings, shingles

ITEM = [f"wort{number}" for number in range(40)]


def changed(words: list[str], *places: int) -> list[str]:
    return [f"anders{at}" if at in places else word for at, word in enumerate(words)]


def test_a_copy_with_a_changed_word_is_near_by_its_exact_index() -> None:
    index = NearIndex({"item": ITEM})
    document = changed(ITEM, 20)
    # 38 shingles of three words; three of them hold the changed word.
    assert list(index.search("d", document)) == [Near("item", "d", 35, 41)]
    assert next(index.search("d", document)).jaccard == pytest.approx(35 / 41, abs=1e-12)


def test_a_pair_below_the_threshold_is_not_near() -> None:
    # Two changed words far apart: 32 shingles shared of 44, an index of 0.727.
    assert list(NearIndex({"item": ITEM}).search("d", changed(ITEM, 10, 30))) == []
    lower = NearIndex({"item": ITEM}, NearSettings(threshold=72))
    assert list(lower.search("d", changed(ITEM, 10, 30))) == [Near("item", "d", 32, 44)]


def test_the_threshold_itself_is_near() -> None:
    # 20 + 2 words: 20 shingles of the item, 16 of them shared, 4 foreign on each side: 16 of 24.
    item, document = ITEM[:22], [*ITEM[:18], "a", "b", "c", "d"]
    exact = NearIndex({"item": item}, NearSettings(threshold=66))
    assert list(exact.search("d", document)) == [Near("item", "d", 16, 24)]
    assert list(NearIndex({"item": item}, NearSettings(threshold=67)).search("d", document)) == []


def test_an_exact_copy_inside_a_long_document_is_not_found() -> None:
    """What the module says it cannot do: 38 of 438 shingles are an index of 0.087."""
    page = [f"seite{number}" for number in range(200)]
    assert list(NearIndex({"item": ITEM}).search("d", [*page, *ITEM, *page])) == []


def test_an_item_shorter_than_a_shingle_is_uncheckable() -> None:
    index = NearIndex({"none": [], "two": ["a", "b"], "item": ITEM})
    assert index.uncheckable == ["none", "two"]
    assert list(index.search("d", [])) == []
    assert list(index.search("d", ["a", "b"])) == []


def test_all_pairs_above_the_threshold_are_found_among_many() -> None:
    generator = random.Random(5)
    words = [f"w{number}" for number in range(300)]
    items = {str(number): generator.choices(words, k=40) for number in range(60)}
    documents = {
        item: changed(text, *generator.sample(range(40), k=generator.randrange(3)))
        for item, text in items.items()
    }
    index = NearIndex(items)
    found = {near for name, text in documents.items() for near in index.search(name, text)}
    expected = set()
    for name, text in documents.items():
        for item, other in items.items():
            one, two = shingles(other, 3), shingles(text, 3)
            if 100 * len(one & two) >= 80 * len(one | two):
                expected.add(Near(item, name, len(one & two), len(one | two)))
    assert found == expected
    assert 20 < len(expected) < 60


def test_the_chance_to_compare_a_pair_is_told() -> None:
    settings = NearSettings()
    assert settings.proposed(0.8) == pytest.approx(1 - (1 - 0.8**4) ** 32, abs=1e-12)
    assert 1 - settings.proposed(0.8) < 1e-7


def test_the_signature_scheme_is_recorded() -> None:
    assert NearSettings().parameters() == {
        "words": 3,
        "threshold": 80,
        "bands": 32,
        "rows": 4,
        "seed": 1,
        "scheme": "affine32",
    }

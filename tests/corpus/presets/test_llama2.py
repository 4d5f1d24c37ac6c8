"""Runs of tokens with a skip budget, on cases counted by hand from the paper's definition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reprollm.corpus.presets.judged import CLEAN, CONTAMINATED, UNCHECKABLE, Judged
from reprollm.corpus.presets.llama2 import Llama2
from reprollm.corpus.presets.sequence import SequenceIndex
from reprollm.corpus.presets.skipping import Run, SkippingMatch, run_on
from reprollm.corpus.presets.tokenizer import pinned_tokenizer
from reprollm.corpus.result import ScannedItem
from reprollm.errors import InvalidInput
from tiny_models import make_llama

IDS = list(range(100, 140))


def search(item: Sequence[int], *documents: Sequence[int], skips: int = 4) -> list[SkippingMatch]:
    index = SequenceIndex({"item": item}, 10, skips)
    return [
        match
        for number, ids in enumerate(documents)
        for match in index.search(str(number), ids, [(at, at + 1) for at in range(len(ids))])
    ]


def judged(item: Sequence[int], *documents: Sequence[int]) -> Judged:
    matches = search(item, *documents)
    scanned = ScannedItem("item", len(item), max(0, len(item) - 9), (), 0, False)
    return Llama2().judge(scanned, matches)


def run(one: Sequence[int], other: Sequence[int], skips: int) -> Run:
    return run_on(np.array(one), np.array(other), skips)


@pytest.mark.parametrize(
    ("one", "other", "skips", "expected"),
    [
        ([1, 2, 3], [1, 2, 3], 0, Run(3, 3, ())),
        ([1, 2, 3], [1, 2, 9], 1, Run(2, 2, ())),
        ([1, 2, 3, 4], [1, 9, 3, 4], 1, Run(1, 4, (1,))),
        ([1, 2, 3, 4], [1, 9, 3, 4], 0, Run(1, 1, ())),
        ([1, 2, 3, 4, 5], [1, 9, 3, 9, 5], 1, Run(1, 3, (1,))),
        ([1, 2, 3, 4, 5], [1, 9, 9, 9, 9], 4, Run(1, 1, ())),
        ([1, 2, 3, 4, 5, 6], [1, 9, 3, 9, 9, 6], 2, Run(1, 3, (1,))),
        ([1], [], 4, Run(0, 0, ())),
    ],
)
def test_a_run_ends_before_the_budget_is_spent_and_never_with_a_difference(
    one: list[int], other: list[int], skips: int, expected: Run
) -> None:
    assert run(one, other, skips) == expected


def test_ten_shared_tokens_are_not_more_than_ten() -> None:
    assert judged(IDS[:20], IDS[:10]).found == 0
    assert judged(IDS[:20], IDS[:11]).found == 11


def test_a_token_in_a_place_that_differs_is_not_contaminated() -> None:
    document = [*IDS[:12], 7, *IDS[13:20]]
    found = judged(IDS[:20], document)
    assert (found.found, found.of, found.detail["stratum"]) == (19, 20, "dirty")


def test_no_difference_is_allowed_among_the_first_ten() -> None:
    document = [*IDS[:9], 7, *IDS[10:19]]
    assert judged(IDS[:20], document).found == 0


def test_the_fifth_difference_ends_a_run() -> None:
    document = [*IDS[:10], 7, IDS[11], 7, IDS[13], 7, IDS[15], 7, IDS[17], 7, IDS[19], IDS[20]]
    assert [(match.length, match.misses) for match in search(IDS[:30], document)] == [
        (18, (10, 12, 14, 16))
    ]


def test_a_later_exact_stretch_begins_a_run_with_a_budget_of_its_own() -> None:
    document = [*IDS[:10], 7, *IDS[11:21], 7, IDS[22], 7, IDS[24], 7, IDS[26], 7, IDS[28]]
    spans = [(match.start, match.length) for match in search(IDS[:30], document)]
    assert spans == [(0, 27), (11, 18)]


@pytest.mark.parametrize(
    ("shared", "verdict", "stratum"),
    [
        (79, CONTAMINATED, "between"),
        (80, CONTAMINATED, "dirty"),
        (20, CONTAMINATED, "between"),
        (19, CLEAN, "clean"),
    ],
)
def test_the_strata_begin_at_twenty_and_eighty_percent(
    shared: int, verdict: str, stratum: str
) -> None:
    item = list(range(100))
    found = judged(item, item[:shared])
    assert (found.verdict, found.found, found.detail["stratum"]) == (verdict, shared, stratum)


def test_an_item_of_ten_tokens_is_uncheckable() -> None:
    assert judged(IDS[:10], IDS).verdict == UNCHECKABLE
    assert judged([], IDS).verdict == UNCHECKABLE


def test_every_occurrence_and_every_item_is_found() -> None:
    index = SequenceIndex({"a": IDS[:12], "b": IDS[1:12], "short": IDS[:3]}, 10)
    document = [*IDS[:12], 7, *IDS[:12]]
    matches = list(index.search("d", document, [(at, at + 1) for at in range(25)]))
    assert sorted((match.item, match.offset, match.length) for match in matches) == [
        ("a", 0, 12),
        ("a", 13, 12),
        ("b", 1, 11),
        ("b", 14, 11),
    ]


def test_runs_agree_with_a_search_by_hand_on_random_tokens() -> None:
    generator = np.random.default_rng(3)
    for _ in range(30):
        item = generator.integers(0, 2, 40).tolist()
        document = generator.integers(0, 2, 60).tolist()
        stretches = {
            (match.start, match.offset)
            for match in SequenceIndex({"item": item}, 5).search(
                "d", document, [(at, at + 1) for at in range(60)]
            )
        }
        by_hand = {
            (start, place)
            for start in range(36)
            for place in range(56)
            if item[start : start + 5] == document[place : place + 5]
            and not (start and place and item[start - 1] == document[place - 1])
        }
        assert stretches == by_hand


def test_a_tokenizer_is_pinned_by_its_hash(tmp_path: Path) -> None:
    file = make_llama(tmp_path / "model") / "tokenizer.json"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    tokens = pinned_tokenizer(file, sha256)
    assert tokens.parameters() == {"tokens": "tokenizer", "tokenizer": sha256}
    assert tokens.words("ab") == [str(3 + ord("a")), str(3 + ord("b"))]
    assert tokens.spans("ab") == [(0, 1), (1, 2)]
    with pytest.raises(InvalidInput, match=f"SHA-256 {'0' * 64}, found {sha256}"):
        pinned_tokenizer(file, "0" * 64)
    with pytest.raises(InvalidInput, match="none that can be read"):
        pinned_tokenizer(tmp_path / "nowhere.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"expected a tokenizer\.json of the tokenizers library"):
        pinned_tokenizer(broken)

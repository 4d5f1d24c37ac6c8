"""Each preset on cases counted by hand from its paper's definition."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pytest

from corpus.presets.naive import found_of
from reprollm.corpus.match import Match
from reprollm.corpus.presets.datatrove import Datatrove
from reprollm.corpus.presets.exact import Exact
from reprollm.corpus.presets.gpt2 import Gpt2
from reprollm.corpus.presets.gpt3 import Gpt3
from reprollm.corpus.presets.gpt4 import Gpt4
from reprollm.corpus.presets.judged import CLEAN, CONTAMINATED, UNCHECKABLE, Judged
from reprollm.corpus.presets.longest import Longest
from reprollm.corpus.presets.palm import Palm
from reprollm.corpus.presets.preset import Preset
from reprollm.corpus.presets.robust import Robust
from reprollm.corpus.presets.tulu3 import Tulu3
from reprollm.corpus.result import ScannedItem

WORDS = [f"w{number}" for number in range(40)]


def judged(preset: Preset, words: Sequence[str], documents: Mapping[str, Sequence[str]]) -> Judged:
    item, matches = found_of(words, documents, preset.n)
    return preset.judge(item, matches)


@pytest.mark.parametrize(
    ("lengths", "n"),
    [
        ([3] * 100, 8),
        ([50] * 100, 13),
        ([9] * 5 + [40] * 95, 13),
        ([9] * 6 + [40] * 94, 9),
        ([11], 11),
        ([], 13),
    ],
)
def test_gpt3_takes_the_fifth_percentile_of_lengths_between_8_and_13(
    lengths: list[int], n: int
) -> None:
    assert Gpt3().fitted(lengths).n == n


def test_gpt3_keeps_an_n_that_is_declared() -> None:
    assert Gpt3().with_n(10).fitted([40] * 100).n == 10


def test_gpt3_calls_an_item_dirty_for_one_shared_ngram() -> None:
    found = judged(Gpt3(n=8), WORDS[:20], {"a": ["x", *WORDS[5:13], "y"]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 1, 13)


def test_gpt3_calls_an_item_clean_that_shares_less_than_an_ngram() -> None:
    found = judged(Gpt3(n=8), WORDS[:20], {"a": WORDS[5:12]})
    assert (found.verdict, found.found) == (CLEAN, 0)


def test_gpt3_ignores_ngrams_of_more_than_ten_documents() -> None:
    boilerplate = {str(number): WORDS[:9] for number in range(11)}
    found = judged(Gpt3(n=8), WORDS[:20], boilerplate)
    assert (found.verdict, found.found, found.detail["frequent"]) == (CLEAN, 0, 2)
    ten = {str(number): WORDS[:9] for number in range(10)}
    assert judged(Gpt3(n=8), WORDS[:20], ten).verdict == CONTAMINATED
    assert judged(Gpt3(n=8, documents=0), WORDS[:20], boilerplate).verdict == CONTAMINATED


def test_gpt3_counts_documents_and_not_occurrences() -> None:
    repeated = {"a": [word for _ in range(11) for word in [*WORDS[:8], "x"]]}
    assert judged(Gpt3(n=8), WORDS[:20], repeated).verdict == CONTAMINATED


def test_gpt3_ignores_the_frequent_ngrams_alone() -> None:
    documents = {str(number): WORDS[:9] for number in range(11)} | {"leak": WORDS[2:10]}
    found = judged(Gpt3(n=8), WORDS[:20], documents)
    assert (found.verdict, found.found, found.detail["frequent"]) == (CONTAMINATED, 1, 2)


def test_gpt3_does_not_guess_where_matches_are_cut() -> None:
    preset = Gpt3(n=8)
    seldom = ScannedItem("item", 20, 13, ((0, 500), (3, 10)), 8, cut=True)
    assert preset.judge(seldom, []).verdict == CONTAMINATED
    listed = [Match("item", 0, 8, str(number), 0, 8) for number in range(11)]
    boilerplate = ScannedItem("item", 20, 13, ((0, 500),), 8, cut=True)
    assert preset.judge(boilerplate, listed).verdict == CLEAN
    assert preset.judge(boilerplate, listed[:10]).verdict == UNCHECKABLE


def test_gpt2_reports_the_share_of_8_grams() -> None:
    found = judged(Gpt2(), WORDS[:17], {"a": WORDS[:9], "b": WORDS[1:9], "c": WORDS[9:17]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 3, 10)
    assert found.share == pytest.approx(0.3)


@pytest.mark.parametrize(("shared", "verdict"), [(14, CONTAMINATED), (13, CLEAN)])
def test_palm_contaminates_from_seventy_percent_of_8_grams(shared: int, verdict: str) -> None:
    found = judged(Palm(), WORDS[:17], {"a": WORDS[:shared]})
    assert (found.verdict, found.found, found.of) == (verdict, shared - 7, 10)


def test_palm_gathers_8_grams_from_several_documents() -> None:
    assert judged(Palm(), WORDS[:17], {"a": WORDS[:11], "b": WORDS[7:17]}).verdict == CONTAMINATED


def test_tulu3_counts_the_tokens_of_one_document_alone() -> None:
    halves = {"a": WORDS[:10], "b": WORDS[10:20]}
    apart = judged(Tulu3(), WORDS[:20], halves)
    assert (apart.verdict, apart.found, apart.of) == (CLEAN, 10, 20)
    assert apart.detail["document"] == "a"
    assert judged(Tulu3(), WORDS[:20], {"c": WORDS[:11]}).verdict == CONTAMINATED


def test_tulu3_joins_the_stretches_of_one_document() -> None:
    found = judged(Tulu3(), WORDS[:30], {"a": [*WORDS[:8], "x", *WORDS[20:28]]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 16, 30)


def test_tulu3_does_not_guess_where_matches_are_cut() -> None:
    everywhere = ScannedItem("item", 16, 9, tuple((at, 3) for at in range(9)), 8, cut=True)
    listed = [Match("item", 0, 8, "a", 0, 8)]
    assert Tulu3().judge(everywhere, listed).verdict == UNCHECKABLE
    little = ScannedItem("item", 16, 9, ((0, 300),), 8, cut=True)
    assert Tulu3().judge(little, listed).verdict == CLEAN


def test_datatrove_reports_the_tokens_that_12_grams_cover() -> None:
    found = judged(Datatrove(), WORDS[:30], {"a": WORDS[:13], "b": WORDS[12:24]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 24, 30)
    assert judged(Datatrove(), WORDS[:30], {"a": WORDS[:11]}).verdict == CLEAN


def test_longest_takes_the_longest_run_and_not_the_union() -> None:
    found = judged(Longest(), WORDS[:30], {"a": WORDS[:9], "b": WORDS[8:20], "c": WORDS[20:30]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 12, 30)
    assert judged(Longest(), WORDS[:30], {"a": WORDS[:7]}).verdict == CLEAN


def test_exact_needs_the_whole_item_in_one_document() -> None:
    whole = {"a": ["x", *WORDS[:10]], "b": WORDS[:12], "c": WORDS[:9]}
    found = judged(Exact(), WORDS[:10], whole)
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 1, 1)
    assert found.detail["documents"] == 2
    pieces = {"a": WORDS[:9], "b": WORDS[1:10]}
    assert judged(Exact(), WORDS[:10], pieces).verdict == CLEAN


def test_robust_calls_one_13_gram_contaminated() -> None:
    found = judged(Robust(), WORDS[:20], {"a": WORDS[3:16]})
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, 1, 8)


def test_gpt4_draws_the_same_three_stretches_from_the_same_seed() -> None:
    parts = [b"reprollm/gpt4-substring/v1", b"1", b"item"]
    framed = [
        b"".join(len(part).to_bytes(8, "big") + part for part in [*parts, b"%d" % draw])
        for draw in range(3)
    ]
    by_hand = [int(hashlib.sha256(each).hexdigest(), 16) % 151 for each in framed]
    assert Gpt4().starts("item", 200) == by_hand
    assert Gpt4(seed="2").starts("item", 200) != Gpt4().starts("item", 200)
    assert all(0 <= start <= 150 for start in Gpt4().starts("item", 200))
    assert Gpt4().starts("item", 50) == [0, 0, 0]


def test_gpt4_can_draw_the_last_stretch() -> None:
    """LLMSanitize's `np.random.randint(0, len - 50)` never begins at len - 50."""
    drawn = {start for seed in range(40) for start in Gpt4(seed=str(seed)).starts("i", 52)}
    assert drawn == {0, 1, 2}


def test_gpt4_contaminates_where_one_drawn_stretch_stands_in_the_corpus() -> None:
    preset = Gpt4()
    starts = preset.starts("item", 200)
    item = ScannedItem("item", 200, 151, ((starts[1], 1),), 50, cut=False)
    found = preset.judge(item, [])
    assert (found.verdict, found.found, found.of) == (CONTAMINATED, starts.count(starts[1]), 3)
    elsewhere = next(start for start in range(151) if start not in starts)
    missed = preset.judge(ScannedItem("item", 200, 151, ((elsewhere, 1),), 50, cut=False), [])
    assert (missed.verdict, missed.found) == (CLEAN, 0)


@pytest.mark.parametrize(
    "preset",
    [Gpt2(), Gpt3(), Palm(), Tulu3(), Datatrove(), Longest(), Exact(), Robust(), Gpt4()],
    ids=lambda preset: preset.name,
)
def test_an_item_too_short_is_uncheckable_and_never_clean(preset: Preset) -> None:
    for length in (0, 1, 4, preset.n - 1):
        words = [f"w{number}" for number in range(length)]
        found = judged(preset, words, {"a": words, "b": WORDS})
        assert (found.verdict, found.share) == (UNCHECKABLE, None)

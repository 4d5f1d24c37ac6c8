"""Rows of estimates: their groups, counts, values, intervals and warnings, counted by hand."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from reprollm.scores.items import Place
from reprollm.scores.measures import MEASURES
from reprollm.scores.settings import Settings
from reprollm.statistics.resampling import draws
from scores.answers import answer, one, rows

RATE = Settings(("character_error_rate",))


def test_values_and_counts_of_a_group_as_computed_by_hand():
    answers = [
        answer(0, "abx", "abc", stratum="s"),
        answer(1, "", "ab", stratum="s"),
        answer(2, "x" * 9, "abc", finish="length"),
        answer(3, "some", ""),
        answer(4, "x", None, stratum="s"),
    ]
    found = rows(answers, RATE)
    mean = one(found, level="all", aggregation="mean_of_ratios")
    assert mean.value == f"{(1 / 3 + 1 + 3) / 3:.6f}"
    assert one(found, level="all", aggregation="corpus").value == f"{12 / 8:.6f}"
    assert (mean.n, mean.items, mean.clusters, mean.undefined) == (4, 4, 4, 1)
    assert mean.counted == {
        "answered": 3, "empty": 1, "refused": 0, "unparsed": 0, "runaway": 1,
        "without_reference": 1,
    }  # fmt: skip
    stratum = one(found, level="stratum", group="s", aggregation="corpus")
    assert (stratum.value, stratum.n, stratum.counted["without_reference"]) == ("0.600000", 2, 1)
    assert mean.warnings == ("runaway",)
    assert stratum.warnings == ()


def test_every_stratum_and_split_has_rows_and_nothing_else_has():
    answers = [answer(n, "a", "a", stratum="xy"[n % 2]) for n in range(4)]
    places = {"i0": Place(None, "dev"), "i1": Place("d", "test")}
    found = rows(answers, Settings(("exact_match",)), places)
    assert [(row.level, row.group, row.n) for row in found] == [
        ("all", None, 4),
        ("stratum", "x", 2),
        ("stratum", "y", 2),
        ("split", "dev", 1),
        ("split", "test", 1),
    ]


def test_independent_right_and_wrong_answers_get_wilsons_interval():
    answers = [answer(n, "r" if n < 7 else "w", "r") for n in range(10)]
    found = one(rows(answers, Settings(("exact_match",), level="0.9")), level="all")
    z = NormalDist().inv_cdf(0.95)
    middle, spread = 0.7 + z * z / 20, z * math.sqrt(0.021 + z * z / 400)
    assert found.interval.method == "wilson"
    assert found.low == f"{(middle - spread) / (1 + z * z / 10):.6f}"
    assert found.high == f"{(middle + spread) / (1 + z * z / 10):.6f}"
    assert (found.interval.resamples, found.interval.seed) == (0, None)


def test_answers_about_one_document_are_resampled_together():
    answers = [answer(n, "r" if n % 6 < 3 else "w", "r") for n in range(60)]
    places = {f"i{n}": Place(f"d{n // 3}") for n in range(60)}
    alone = one(rows(answers, Settings(("exact_match",))), level="all")
    together = one(rows(answers, Settings(("exact_match",)), places), level="all")
    assert (together.clusters, together.interval.method) == (20, "bootstrap")
    assert (alone.clusters, alone.interval.method) == (60, "wilson")
    assert width(together) > 1.4 * width(alone)


def test_a_second_answer_to_an_item_is_no_further_cluster():
    answers = [
        answer(n, "rw"[(n + n // 20) % 2], "r", item=f"i{n % 20}", repetition=n // 20)
        for n in range(40)
    ]
    found = one(rows(answers, Settings(("exact_match",))), level="all")
    assert (found.n, found.items, found.clusters) == (40, 20, 20)
    assert found.interval.method == "bootstrap"


def test_a_document_and_an_item_of_one_name_are_two_clusters():
    answers = [answer(0, "r", "r", item="a"), answer(1, "r", "r", item="b")]
    found = one(rows(answers, Settings(("exact_match",)), {"b": Place("a")}), level="all")
    assert found.clusters == 2


def test_one_cluster_has_no_interval():
    answers = [answer(n, "r", "r") for n in range(5)]
    places = {f"i{n}": Place("d") for n in range(5)}
    found = one(rows(answers, Settings(("exact_match",)), places), level="all")
    assert (found.low, found.high, found.interval.method) == (None, None, "none")
    assert (found.interval.resamples, found.interval.seed) == (0, None)


def test_nothing_defined_has_neither_value_nor_interval():
    answers = [answer(n, "some", "") for n in range(5)]
    for found in rows(answers, RATE):
        assert (found.value, found.interval.method, found.undefined) == (None, "none", 5)


def test_the_bootstrap_is_the_stated_one_computed_the_long_way():
    """Every resample by itself, of answers, against the definition in docs/scores.md."""
    draw = random.Random(3)
    texts = [("a" * draw.randint(0, 9), "a" * draw.randint(1, 9)) for _ in range(60)]
    answers = [answer(n, *pair) for n, pair in enumerate(texts)]
    places = {f"i{n}": Place(f"d{n % 12}") for n in range(60)}
    settings = Settings(("character_error_rate",), level="0.9", resamples=199, seed="77")
    found = rows(answers, settings, places)
    members = [[n for n in range(60) if n % 12 == cluster] for cluster in range(12)]
    counts = [(abs(len(o) - len(r)), len(r)) for o, r in texts]
    parts = [(2 * e * 10**9 + m) // (2 * m) for e, m in counts]
    corpus, means = [], []
    for b in range(199):
        drawn = [n for unit in draws("77", b, 12) for n in members[unit]]
        corpus.append(sum(counts[n][0] for n in drawn) / sum(counts[n][1] for n in drawn))
        means.append(sum(parts[n] for n in drawn) / (10**9 * len(drawn)))
    for aggregation, values in (("corpus", corpus), ("mean_of_ratios", means)):
        row = one(found, level="all", aggregation=aggregation)
        assert (row.low, row.high) == tuple(f"{sorted(values)[k]:.6f}" for k in (9, 189))
        assert (row.interval.resamples, row.interval.seed) == (199, "77")


def test_more_clusters_than_units_are_dealt_and_the_interval_stays_as_wide():
    draw = random.Random(5)
    texts = [("a" * draw.randint(3, 9), "a" * 6) for _ in range(1500)]
    found = one(
        rows([answer(n, *pair) for n, pair in enumerate(texts)], RATE),
        level="all", aggregation="mean_of_ratios",
    )  # fmt: skip
    values = [abs(len(o) - 6) / 6 for o, _ in texts]
    mean = sum(values) / 1500
    error = math.sqrt(sum((v - mean) ** 2 for v in values)) / 1500
    assert found.clusters == 1500
    assert width(found) == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_an_answer_that_says_nothing_counts_as_wrong():
    settings = Settings(("accuracy",), {"parser": "labels", "labels": ["ja", "nein"],
                                        "refusals": ["kann ich nicht"]})  # fmt: skip
    outputs = ["ja", "", "das kann ich nicht sagen", "vielleicht", "nein"]
    found = one(rows([answer(n, o, "ja") for n, o in enumerate(outputs)], settings), level="all")
    assert (found.value, found.n) == ("0.200000", 5)
    assert found.counted == {
        "answered": 2, "empty": 1, "refused": 1, "unparsed": 1, "runaway": 0,
        "without_reference": 0,
    }  # fmt: skip
    assert found.warnings == ("unparsed",)
    assert found.version == "accuracy/1 labels/1"


def test_labels_have_rows_of_their_own_with_intervals():
    pairs = [("a", "a"), ("b", "a"), ("b", "b"), ("a", "a"), ("b", "b"), ("c", "b")] * 5
    found = rows([answer(n, *pair) for n, pair in enumerate(pairs)], Settings(("recall",)))
    by_label = {row.label: row for row in found if row.aggregation == "label"}
    assert {label: row.value for label, row in by_label.items()} == {
        "a": "0.666667",
        "b": "0.666667",
    }
    assert all(row.interval.method == "bootstrap" for row in by_label.values())
    assert [row.aggregation for row in found if row.label is None] == ["micro", "macro"]


def test_two_aggregations_of_opposite_sign_are_warned_of():
    """One short text ruined and many long ones mended a little: mean and corpus disagree."""
    answers = [answer(0, "xxxxxx", "a", source="b")]
    answers += [answer(n, "a" * 20, "a" * 20, source="a" * 10 + "b" * 10) for n in (1, 2)]
    found = rows(answers, Settings(("character_error_reduction",)))
    values = {row.aggregation: float(row.value or "nan") for row in found}
    assert values["mean_of_ratios"] < 0 < values["corpus"]
    assert all("sign-depends-on-aggregation" in row.warnings for row in found)


def test_cells_that_another_aggregation_ranks_otherwise_are_warned_of():
    texts = {
        "greedy": [("b", "a"), ("a" * 20, "a" * 20)],
        "warm": [("a", "a"), ("b" * 5 + "a" * 15, "a" * 20)],
    }
    answers = [
        answer(10 * cell + n, *pair, item=f"i{n}", stratum="s", sampling=name)
        for cell, (name, pairs) in enumerate(texts.items())
        for n, pair in enumerate(pairs)
    ]
    found = rows(answers, RATE)
    for row in found:
        assert ("ranking-depends-on-aggregation" in row.warnings) == (row.level == "all")


def test_a_value_that_all_items_have_is_not_shown_as_certain_without_a_warning():
    """Of independent right answers Wilson's interval has a width; of nothing else a bootstrap has.

    One item that differs is enough for a width, and takes the warning away.
    """
    same = [answer(n, "ab", "abcd", stratum="same") for n in range(8)]
    found = rows([*same, answer(8, "abcd", "abcd")], RATE)
    for row in found:
        constant = row.level == "stratum"
        assert (row.low == row.high) is constant
        assert row.warnings == (("no-variation",) if constant else ())
    (right,) = rows([answer(n, "r", "r") for n in range(8)], Settings(("exact_match",)))
    assert (right.interval.method, right.high, right.warnings) == ("wilson", "1.000000", ())
    assert float(right.low or "1") < 0.7
    twos = {f"i{n}": Place(f"d{n // 2}") for n in range(8)}
    (shared,) = rows([answer(n, "r", "r") for n in range(8)], Settings(("exact_match",)), twos)
    assert (shared.low, shared.high, shared.warnings) == ("1.000000",) * 2 + (("no-variation",),)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_every_measure_has_an_interval_around_its_value(name: str):
    """On answers that are sometimes wrong, with a source and, for mentions, tags as reference."""
    mentions = MEASURES[name].needs == "mentions"
    reference = '["B-pers", "O", "B-loc"]' if mentions else "das ist gut so"
    outputs = (
        ["B-pers O B-loc", "O O B-loc", "B-loc O B-loc"]
        if mentions
        else ["das ist gut so", "dass ist so gut", "nein"]
    )
    answers = [
        answer(n, outputs[n % 3], reference if n % 2 or mentions else "ja das ist gut so",
               source='["a", "b", "c"]' if mentions else "daß ißt guth so")
        for n in range(30)
    ]  # fmt: skip
    settings = Settings((name,), {"parser": "tags"} if mentions else None, resamples=99)
    found = rows(answers, settings)
    assert found
    for row in found:
        assert row.value is not None and row.low is not None and row.high is not None, row
        assert float(row.low) <= float(row.value) <= float(row.high)


def width(row):
    return float(row.high) - float(row.low)

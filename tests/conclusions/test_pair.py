from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from conclusions.made import Outputs, answered, arm, right_or_wrong
from reprollm.conclusions.answers import Answered, Given, Item
from reprollm.conclusions.pair import Compared, Exchanges, Intervals, compare, evidence, family
from reprollm.conclusions.pairing import Part
from reprollm.errors import InvalidInput
from reprollm.scores.measures import measure
from reprollm.statistics.resampling import draws


def compared(
    of: Answered,
    against: Answered,
    score: str = "exact_match",
    items: Mapping[str, Item] | None = None,
    part: Part = Part(),  # noqa: B008
    permutations: int = 999,
    aggregation: str | None = None,
) -> Compared:
    by = measure(score)
    exchanges = Exchanges(permutations)
    return compare(of, against, by, items or {}, part, Intervals(), exchanges, aggregation)


def said(found: Compared, tests: int = 1) -> dict[str, Any]:
    return evidence(found, "text/1", family([found], tests)[0], tests)


def error_rates(rates: list[int], model: str) -> Answered:
    """Return an arm with so many wrong characters of ten in each answer."""
    references = {f"i{number}": "abcdefghij" for number in range(len(rates))}
    outputs = {f"i{number}": "#" * rate + "abcdefghij"[rate:] for number, rate in enumerate(rates)}
    return answered(outputs, references, "character_error_rate", model)


def test_a_proportion_is_tested_by_mcnemar() -> None:
    of = right_or_wrong([1, 1, 1, 1, 1, 1, 1, 0, 1, 0])
    against = right_or_wrong([0, 0, 0, 0, 0, 0, 0, 1, 1, 0], "b")
    found = said(compared(of, against))
    assert found["test"]["name"] == "mcnemar-exact"
    assert (found["test"]["b"], found["test"]["c"]) == (7, 1)
    assert (found["test"]["p"], found["test"]["mid_p"]) == ("0.0703125", "0.0390625")
    assert found["effect"]["standardised"]["name"] == "odds_ratio"
    assert found["effect"]["standardised"]["value"] == "7"
    assert (found["effect"]["difference"], found["favours"]) == ("0.600000", "of")
    assert [found["effect"][name] for name in ("better", "equal", "worse")] == [7, 2, 1]


def test_items_of_one_document_are_exchanged_together() -> None:
    places = [1, 1, 1, 1, 1, 1]
    of, against = right_or_wrong(places), right_or_wrong([0] * 6, "b")
    items = {f"i{number}": Item(document=f"d{number // 2}") for number in range(6)}
    found = said(compared(of, against, items=items))
    assert found["pairs"]["clusters"] == 3
    assert found["test"]["name"] == "sign-flip-exact"
    assert found["test"]["p"] == "0.25"


def test_an_error_rate_is_tested_by_exchanges_as_scipy_does() -> None:
    of, against = [1, 0, 2, 1, 0, 3, 1, 2], [2, 3, 2, 4, 1, 2, 3, 4]
    found = said(compared(error_rates(of, "a"), error_rates(against, "b"), "character_error_rate"))
    theirs = stats.permutation_test(
        (np.array(of) - np.array(against),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert found["test"]["name"] == "sign-flip-exact"
    assert math.isclose(float(found["test"]["p"]), theirs, rel_tol=1e-8)
    differences = (np.array(of) - np.array(against)) / 10
    expected = differences.mean() / differences.std(ddof=1)
    assert math.isclose(float(found["effect"]["standardised"]["value"]), expected, rel_tol=1e-8)
    assert float(found["effect"]["difference"]) == round(differences.mean(), 6)


def test_the_lower_error_rate_is_the_better_one() -> None:
    found = said(compared(error_rates([1, 1, 0], "a"), error_rates([2, 1, 3], "b"),
                          "character_error_rate"))  # fmt: skip
    assert found["favours"] == "of"
    assert float(found["effect"]["difference"]) < 0
    assert [found["effect"][name] for name in ("better", "equal", "worse")] == [2, 1, 0]


def test_exchanging_the_arms_changes_the_sign_and_nothing_else() -> None:
    of, against = error_rates([1, 0, 2, 5], "a"), error_rates([3, 1, 2, 2], "b")
    one = said(compared(of, against, "character_error_rate"))
    other = said(compared(against, of, "character_error_rate"))
    assert one["test"] == other["test"]
    assert one["effect"]["better"] == other["effect"]["worse"]
    assert float(one["effect"]["difference"]) == -float(other["effect"]["difference"])


def test_items_without_a_counterpart_are_counted() -> None:
    references = {"i0": "ja", "i1": "ja", "i2": "ja", "i3": "ja"}
    of = answered({"i0": "ja", "i1": "ja", "i2": "nein"}, references)
    against = answered({"i1": "nein", "i2": "nein", "i3": "ja"}, references, model="b")
    found = said(compared(of, against))
    assert found["pairs"] == {
        "items": 2, "clusters": 2, "only_of": 1, "only_against": 1, "undefined": 0,
    }  # fmt: skip
    assert found["warnings"] == ["unpaired-items"]


def test_an_undefined_item_is_counted_and_not_paired() -> None:
    references = {"i0": "", "i1": "ab", "i2": "cd"}
    of = answered({"i0": "x", "i1": "ab", "i2": "cd"}, references, "character_error_rate")
    against = answered({"i0": "y", "i1": "a", "i2": "c"}, references, "character_error_rate", "b")
    found = said(compared(of, against, "character_error_rate"))
    assert (found["pairs"]["items"], found["pairs"]["undefined"]) == (2, 1)


def test_several_passes_of_an_arm_are_averaged_by_item() -> None:
    references = {"i0": "ja", "i1": "ja"}
    of = answered([{"i0": "ja", "i1": "ja"}, {"i0": "nein", "i1": "ja"}], references)
    against = answered({"i0": "nein", "i1": "nein"}, references, model="b")
    found = said(compared(of, against))
    assert found["test"]["name"] == "sign-flip-exact"
    assert (found["of"]["value"], found["against"]["value"]) == ("0.750000", "0.000000")


def test_a_part_of_the_items_can_be_taken() -> None:
    references = {f"i{number}": "ja" for number in range(4)}
    strata = {"i0": "x", "i1": "x", "i2": "y"}
    items = {"i0": Item(split="test"), "i1": Item(split="dev"), "i2": Item(split="test")}
    of = answered(references, references, strata=strata)
    against = answered(references, references, model="b", strata=strata)
    for part, expected in (
        (Part(), 4), (Part("x"), 2), (Part(None, "test"), 2), (Part("x", "test"), 1),
    ):  # fmt: skip
        assert said(compared(of, against, items=items, part=part))["pairs"]["items"] == expected


def test_nothing_paired_is_no_test_and_no_number() -> None:
    of = answered({"i0": "ja"}, {"i0": "ja"})
    against = answered({"i1": "ja"}, {"i1": "ja"}, model="b")
    found = said(compared(of, against))
    assert (found["test"]["name"], found["test"]["p"]) == ("none", None)
    assert found["effect"]["difference"] is None
    assert found["favours"] == "neither"


def test_another_aggregation_with_another_sign_is_told() -> None:
    # One long item that `of` gets wrong outweighs two short ones at the corpus level alone.
    references = {"i0": "a" * 40, "i1": "ab", "i2": "ab"}
    of = answered({"i0": "b" * 8 + "a" * 32, "i1": "ab", "i2": "ab"}, references,
                  "character_error_rate")  # fmt: skip
    against = answered({"i0": "a" * 40, "i1": "ax", "i2": "ax"}, references,
                       "character_error_rate", "b")  # fmt: skip
    found = said(compared(of, against, "character_error_rate"))
    assert found["favours"] == "of"
    assert "sign-depends-on-aggregation" in found["warnings"]
    assert float(found["aggregations"]["corpus"]["difference"]) > 0


def label_arms(seed: int, items: int) -> tuple[Outputs, Outputs, Outputs]:
    chance = random.Random(seed)
    labels = ["x", "y", "z"]
    gold = {f"i{n}": chance.choice(labels) for n in range(items)}
    of = {item: g if chance.random() < 0.9 else chance.choice(labels) for item, g in gold.items()}
    against = {i: g if chance.random() < 0.5 else chance.choice(labels) for i, g in gold.items()}
    return gold, of, against


def test_a_score_of_labels_is_tested_by_exchanging_the_arms_counts() -> None:
    gold, of, against = label_arms(3, 6)
    found = said(compared(answered(of, gold, "f1"), answered(against, gold, "f1", "b"), "f1"))
    truth = list(gold.values())
    one, other = np.array(list(of.values())), np.array(list(against.values()))

    def difference(first: Any, second: Any) -> float:
        return float(
            f1_score(truth, first, average="micro") - f1_score(truth, second, average="micro")
        )

    seen = difference(one, other)
    assert found["effect"]["difference"] == f"{seen:.6f}"
    swaps = [[bool(number >> place & 1) for place in range(6)] for number in range(2**6)]
    reached = sum(
        abs(difference(np.where(swap, other, one), np.where(swap, one, other))) >= abs(seen) - 1e-12
        for swap in swaps
    )
    assert math.isclose(float(found["test"]["p"]), reached / 2**6, rel_tol=1e-9)
    assert found["effect"]["better"] is None
    assert float(found["effect"]["low"]) <= seen <= float(found["effect"]["high"])


def tagged(table: np.ndarray, model: str) -> Answered:
    """Return an arm whose answer n found, invented and missed so many names (items, 3)."""
    given = [
        Given(n, f"i{n}", None, "0", 0, "", {"entity_f1_strict": {("PERS",): tuple(map(int, row))}},
              "[]")
        for n, row in enumerate(table)
    ]  # fmt: skip
    return Answered(arm(model), tuple(given), 1, 1)


@pytest.mark.parametrize(("documents", "permutations"), [(6, 999), (11, 399)])
def test_names_are_compared_at_the_corpus_level_where_that_is_declared(
    documents: int, permutations: int
) -> None:
    """Value, test and interval, against all of it computed by hand over documents."""
    chance = np.random.default_rng(documents)
    arms = chance.integers(0, 5, (2, 3 * documents, 3))
    arms[0, :, 0] += 1
    items = {f"i{n}": Item(document=f"d{n // 3}") for n in range(3 * documents)}
    found = said(
        compared(tagged(arms[0], "a"), tagged(arms[1], "b"), "entity_f1_strict", items,
                 permutations=permutations, aggregation="corpus")
    )  # fmt: skip
    sums = arms.reshape(2, documents, 3, 3).sum(axis=2)

    def difference(of: np.ndarray, against: np.ndarray) -> float:
        (tp, fp, fn), (tp_, fp_, fn_) = of.sum(axis=0), against.sum(axis=0)
        return float(2 * tp / (2 * tp + fp + fn) - 2 * tp_ / (2 * tp_ + fp_ + fn_))

    seen = difference(*sums)
    assert (found["aggregation"], found["pairs"]["clusters"]) == ("corpus", documents)
    assert found["effect"]["difference"] == f"{seen:.6f}"
    assert found["aggregations"]["corpus"]["difference"] == f"{seen:.6f}"
    assert found["favours"] == ("of" if seen > 0 else "against")

    def after(swapped: Sequence[int]) -> float:
        swap = np.array(swapped, dtype=bool)[:, None]
        return difference(np.where(swap, sums[1], sums[0]), np.where(swap, sums[0], sums[1]))

    reached = sum(
        abs(after(swapped)) >= abs(seen) - 1e-9
        for swapped in itertools.product((0, 1), repeat=documents)
    ) / 2**documents  # fmt: skip
    if 2**documents <= permutations:
        assert found["test"]["name"] == "sign-flip-exact"
        assert math.isclose(float(found["test"]["p"]), reached, rel_tol=1e-8)
    else:
        assert (found["test"]["name"], found["test"]["permutations"]) == ("sign-flip", permutations)
        # Six standard errors of a share that is drawn.
        assert abs(float(found["test"]["p"]) - reached) < 3 / permutations**0.5

    values = sorted(
        difference(*(side[draws("1", resample, documents)] for side in sums))
        for resample in range(999)
    )
    assert (found["effect"]["low"], found["effect"]["high"]) == (
        f"{values[24]:.6f}", f"{values[-25]:.6f}"
    )  # fmt: skip
    assert [found["effect"][name] for name in ("better", "equal", "worse")] == [None] * 3
    assert found["effect"]["standardised"] is None


def test_an_item_without_a_value_of_its_own_counts_at_the_corpus_level() -> None:
    """What the one arm invents where there is nothing to find is an error of the corpus."""
    of, against = np.array([[2, 0, 0], [0, 0, 0]]), np.array([[2, 0, 0], [0, 3, 0]])
    arms = tagged(of, "a"), tagged(against, "b")
    by_items = said(compared(*arms, "entity_f1_strict"))
    assert (by_items["aggregation"], by_items["pairs"]["undefined"]) == ("mean_of_ratios", 1)
    assert (by_items["effect"]["difference"], by_items["favours"]) == ("0.000000", "neither")
    corpus = said(compared(*arms, "entity_f1_strict", aggregation="corpus"))
    assert (corpus["pairs"]["items"], corpus["pairs"]["undefined"]) == (2, 0)
    assert (corpus["effect"]["difference"], corpus["favours"]) == (f"{1 - 4 / 7:.6f}", "of")


def test_the_first_aggregation_named_is_as_good_as_none() -> None:
    arms = error_rates([1, 0, 2, 5], "a"), error_rates([3, 1, 2, 2], "b")
    named = compared(*arms, "character_error_rate", aggregation="mean_of_ratios")
    assert said(named) == said(compared(*arms, "character_error_rate"))


@pytest.mark.parametrize(
    ("score", "aggregation", "known"),
    [
        ("f1", "label", "micro or macro"),
        ("character_error_rate", "micro", "mean_of_ratios or corpus"),
        ("character_error_reduction", "ratio_of_means", "mean_of_ratios or corpus"),
    ],
)
def test_an_aggregation_that_arms_are_not_compared_by_is_refused(
    score: str, aggregation: str, known: str
) -> None:
    with pytest.raises(InvalidInput, match=f"by {known}, found '{aggregation}'"):
        compared(right_or_wrong([1]), right_or_wrong([0], "b"), score, aggregation=aggregation)


def test_pairs_that_all_differ_by_as_much_are_warned_of() -> None:
    found = said(compared(error_rates([1] * 5, "a"), error_rates([3] * 5, "b"),
                          "character_error_rate"))  # fmt: skip
    assert (found["effect"]["low"], found["effect"]["high"]) == ("-0.200000", "-0.200000")
    assert found["warnings"] == ["no-variation"]


def test_holm_corrects_over_the_declared_family() -> None:
    of, against = right_or_wrong([1] * 7), right_or_wrong([0] * 7, "b")
    found = [compared(of, against), compared(of, against)]
    assert found[0].p == 2 / 2**7
    assert family(found, None) == [4 / 2**7, 4 / 2**7]
    assert family(found, 5) == [10 / 2**7, 10 / 2**7]


def test_equal_arms_are_rejected_no_oftener_than_the_level_says() -> None:
    chance, cheap = random.Random(8), Intervals(resamples=99)
    rejected = 0
    for _ in range(200):
        rates = [[min(9, int(chance.expovariate(0.6))) for _ in range(7)] for _ in range(2)]
        of, against = (error_rates(each, name) for each, name in zip(rates, "ab", strict=True))
        score = measure("character_error_rate")
        p = compare(of, against, score, {}, Part(), cheap, Exchanges(128)).p
        rejected += p is not None and p <= 0.1
    # Binomial with p at most 0.1: more than 36 of 200 would come once in ten thousand times.
    assert rejected <= 36


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_interval_is_the_bootstrap_of_the_paired_differences(seed: str) -> None:
    of, against = [1, 0, 2, 1, 0, 3, 1, 2, 0, 0], [2, 3, 2, 4, 1, 2, 3, 4, 1, 5]
    arms = error_rates(of, "a"), error_rates(against, "b")
    found = compare(*arms, measure("character_error_rate"), {}, Part(),
                    Intervals(seed=seed, resamples=2999), Exchanges(99))  # fmt: skip
    theirs = stats.bootstrap(
        ((np.array(of) - np.array(against)) / 10,), np.mean, method="percentile",
        n_resamples=20_000, rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert found.interval is not None
    assert abs(found.interval.low - theirs.low) < 0.02
    assert abs(found.interval.high - theirs.high) < 0.02


@pytest.mark.parametrize("number", [0, 100_000, 2**40, "999", True])
def test_a_plan_cannot_keep_a_verifier_busy_without_end(number: Any) -> None:
    with pytest.raises(InvalidInput, match="at most 99999"):
        Exchanges.from_core({"permutations": number, "seed": "1"})
    with pytest.raises(InvalidInput, match="at most 99999"):
        Intervals.from_core({"intervals": {"resamples": number}})

"""Tests by our own randomisation: exact without a leak, whatever the model and the texts are."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from reprollm.contamination.findings import canaries, sealed_order, sealed_twins
from reprollm.contamination.material import Found, Material, Measured
from reprollm.sealing.draw import arranged, chosen
from reprollm.sealing.order import order_texts
from reprollm.statistics.permutation import permutation_p

from .made import CORE, measured

Scores = Mapping[tuple[str, int], Sequence[float] | None]


def material(
    checks: Mapping[str, Any], likelihoods: Sequence[Measured], family: str = "transformers"
) -> Material:
    core = {**CORE, "engine": {"family": family}, "checks": {"sealed": checks}}
    return Material("aa" * 32, "bb" * 32, core, tuple(likelihoods))


def groups(name: str, scores: Scores) -> list[Measured]:
    return [
        measured(name, index, subject, "x", values or (), variant)
        for index, ((subject, variant), values) in enumerate(scores.items())
    ]


def twins(drawn: Sequence[tuple[str, int, int]], scores: Scores) -> Found:
    checks = {"twins": [list(each) for each in drawn]}
    [found] = sealed_twins.findings(material(checks, groups("twin", scores)))
    return found


def said(found: Found) -> Any:
    return found.evidence


def test_ranks_and_p_are_those_of_a_hand_computed_case() -> None:
    scores = {
        ("a", 0): [-1.0], ("a", 1): [-2.0], ("a", 2): [-0.5],
        ("b", 0): [-4.0], ("b", 1): [-2.5],
    }  # fmt: skip
    evidence = said(twins([("a", 0, 3), ("b", 1, 2)], scores))
    # Ranks 1 of 3 and 0 of 2: sums of at most 1 are (0,0), (1,0), (0,1) of 6 outcomes.
    assert evidence["p"] == "0.5"
    assert evidence["statistic"] == "0.75"
    assert evidence["detail"]["ranks"] == [1, 0]
    assert evidence["detail"]["rank_sum"] == 1
    assert evidence["detail"]["expected_rank_sum"] == "1.5"
    assert (evidence["claim"], evidence["n"], evidence["mode"]) == ("test", 2, "log-probabilities")
    assert evidence["verdict"] == "cannot reach the level"
    assert float(evidence["low"]) <= 0.75 <= float(evidence["high"])


def test_variants_that_are_all_foreseen_best_stand_out() -> None:
    drawn = [(f"n{item}", item % 5, 5) for item in range(20)]
    scores = {
        (item, variant): [-1.0 if variant == published else -2.0 - variant]
        for item, published, count in drawn
        for variant in range(count)
    }
    found = twins(drawn, scores)
    assert (found.method, found.subject) == ("sealed_twins", "*")
    assert said(found)["verdict"] == "published stands out"
    assert float(said(found)["p"]) == pytest.approx(5.0**-20)
    assert said(found)["statistic"] == "1"


def test_equal_scores_are_no_evidence() -> None:
    drawn = [(f"n{item}", 0, 4) for item in range(30)]
    scores = {(item, v): [-1.0] for item, _, count in drawn for v in range(count)}
    assert said(twins(drawn, scores))["p"] == "1"
    assert said(twins(drawn, scores))["verdict"] == "published does not stand out"


def test_an_item_with_a_text_without_tokens_is_left_out_whole() -> None:
    drawn = [(f"n{item}", 0, 3) for item in range(10)]
    scores: dict[tuple[str, int], Sequence[float] | None] = {
        (item, v): [-1.0 - v] for item, _, count in drawn for v in range(count)
    }
    scores["n4", 2] = []
    evidence = said(twins(drawn, scores))
    assert (evidence["n"], evidence["detail"]["uncheckable"]) == (9, 1)
    assert evidence["detail"]["ranks"][4] is None
    assert float(evidence["p"]) == pytest.approx(3.0**-9)


def test_impossible_tokens_are_ties_at_the_bottom() -> None:
    scores = {("a", 0): [-math.inf], ("a", 1): [-math.inf], ("a", 2): [-1.0]}
    assert said(twins([("a", 0, 3)], scores))["detail"]["ranks"] == [2]


def test_many_data_sets_that_were_never_seen_have_uniform_p_values() -> None:
    """The model's scores favour some variants strongly; the draw alone makes the test valid."""
    rng = random.Random(7)
    likes = {(item, v): rng.gauss(3 * v, 1) for item in range(12) for v in range(2 + item % 4)}
    ps = []
    for number in range(2000):
        seed = hashlib.sha256(str(number).encode()).digest()
        drawn = [(f"n{i}", chosen(seed, f"n{i}", 2 + i % 4), 2 + i % 4) for i in range(12)]
        scores = {(f"n{item}", v): [score] for (item, v), score in likes.items()}
        ps.append(float(said(twins(drawn, scores))["p"]))
    for level in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75):
        reachable = max((p for p in set(ps) if p <= level), default=0.0)
        spread = 3 * math.sqrt(level * (1 - level) / len(ps))
        share = sum(p <= level for p in ps) / len(ps)
        assert reachable - spread <= share <= level + spread


def test_one_canary_is_ranked_among_those_held_back() -> None:
    scores = {("canary-1", v): [-1.0 - abs(v - 2)] for v in range(20)}
    found = groups("canary", scores)
    [finding] = canaries.findings(material({"canaries": [["canary-1", 20]]}, found))
    # Variants 1 to 3 beat or, in the case of 4, tie the published one.
    assert said(finding)["p"] == "0.25"
    assert said(finding)["detail"]["ranks"] == [4]
    assert finding.method == "canaries"


def test_several_canaries_are_tested_together() -> None:
    names = ["canary-1", "canary-2"]
    scores = {(name, v): [-1.0 - v] for name in names for v in range(10)}
    checks = {"canaries": [[name, 10] for name in names]}
    [finding] = canaries.findings(material(checks, groups("canary", scores)))
    assert said(finding)["p"] == "0.01"


ORDER = {"permutations": 19, "shards": 2, "seed": "1"}


def ordered(rows: Sequence[str], model: Callable[[Sequence[str]], float]) -> list[Measured]:
    found = order_texts(rows, ORDER["shards"], ORDER["permutations"], ORDER["seed"])  # type: ignore[arg-type]
    return [
        measured("order", index, str(each.shard), each.text, [model(each.texts)], each.permutation)
        for index, each in enumerate(found)
    ]


def test_an_order_that_is_foreseen_best_stands_out() -> None:
    rows = [f"r{number}" for number in range(10)]

    def knows(texts: Sequence[str]) -> float:
        return -sum(texts[i] > texts[i + 1] for i in range(len(texts) - 1)) - 10.0

    [finding] = sealed_order.findings(material({"order": ORDER}, ordered(rows, knows)))
    evidence = said(finding)
    assert evidence["p"] == "0.05" and evidence["verdict"] == "published stands out"
    assert evidence["n"] == 60
    assert evidence["parameters"] == {**ORDER, "level": "0.05"}
    assert float(evidence["detail"]["shift"]) > 1.5
    assert float(evidence["statistic"]) > 0.8


def test_the_sum_of_standardised_values_is_a_hand_computed_one() -> None:
    values = [[3.0, 1.0, 1.0, 3.0], [-2.0, -2.0, -2.0, -2.0], [4.0, 0.0, 2.0, 2.0]]
    # Means 2, -2, 2; standard deviations 1, 0, sqrt 2.
    expected = [1 + math.sqrt(2), -1 - math.sqrt(2), -1.0, 1.0]
    assert sealed_order.totals(values) == pytest.approx(expected, abs=1e-12)
    published, *null = sealed_order.totals(values)
    assert permutation_p(published, null) == 0.25


def test_a_shard_with_an_impossible_row_tells_nothing() -> None:
    values = [[3.0, 1.0, -math.inf], [1.0, 2.0, 3.0]]
    assert sealed_order.totals(values) == sealed_order.totals([[0.0] * 3, values[1]])


def test_a_model_that_heeds_no_order_gives_no_evidence() -> None:
    rows = [f"r{number}" for number in range(10)]
    [finding] = sealed_order.findings(material({"order": ORDER}, ordered(rows, lambda texts: -5.0)))
    assert said(finding)["p"] == "1"


def test_many_orders_that_were_never_seen_have_uniform_p_values() -> None:
    """The model likes alphabetical neighbours and hates the first row: any taste will do."""
    ids = [f"r{number}" for number in range(8)]

    def taste(texts: Sequence[str]) -> float:
        jumps = (abs(int(a[1:]) - int(b[1:])) ** 2 for a, b in itertools.pairwise(texts))
        return -0.37 * int(texts[0][1:]) - math.fsum(jumps)

    counts: Counter[float] = Counter()
    for number in range(2000):
        rows = arranged(hashlib.sha256(str(number).encode()).digest(), ids)
        seed = f"{number}"
        found = list(order_texts(rows, 2, 9, seed))
        values = [[taste(t.texts) for t in found if t.shard == shard] for shard in range(2)]
        published, *null = sealed_order.totals(values)
        counts[permutation_p(published, null)] += 1
    at_most = 0
    for step in range(1, 11):
        at_most += counts[step / 10]
        level = step / 10
        assert at_most / 2000 <= level + 3 * math.sqrt(level * (1 - level) / 2000) + 1e-9
    # Ties make it conservative, but not by much: most p-values are possible.
    assert counts[0.1] / 2000 >= 0.07


ALL = {"twins": [["a", 0, 2]], "order": ORDER, "canaries": [["c", 2]]}
MODULES = (sealed_twins, sealed_order, canaries)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.METHOD)
def test_what_is_not_sealed_is_not_tested(module: Any) -> None:
    for checks in (None, {}, {"twins": None, "order": None, "canaries": None}):
        core = {**CORE, "checks": {"sealed": checks}}
        assert module.findings(Material("aa" * 32, "bb" * 32, core)) == []
    assert module.findings(Material("aa" * 32, "bb" * 32, CORE)) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.METHOD)
def test_what_cannot_be_tested_says_why(module: Any) -> None:
    [unmeasured] = module.findings(material(ALL, []))
    assert said(unmeasured)["verdict"] == said(unmeasured)["mode"] == "not possible"
    assert "texts are not measured" in said(unmeasured)["detail"]["reason"]
    [server] = module.findings(material(ALL, [], family="server"))
    assert "gives no log-probabilities" in said(server)["detail"]["reason"]


def test_withheld_log_probabilities_are_said_to_be_withheld() -> None:
    found = groups("twin", {("a", 0): [-1.0], ("a", 1): [-2.0]})
    hidden = [Measured(**{**vars(each), "logprobs": None}) for each in found]
    [finding] = sealed_twins.findings(material({"twins": [["a", 0, 2]]}, hidden))
    assert "withheld" in said(finding)["detail"]["reason"]


def test_nothing_is_said_of_a_part_of_what_was_drawn() -> None:
    drawn = [[f"n{item}", 0, 2] for item in range(10)]
    scores = {(f"n{item}", v): [-1.0 - v] for item in range(9) for v in range(2)}
    [finding] = sealed_twins.findings(material({"twins": drawn}, groups("twin", scores)))
    assert said(finding)["detail"]["reason"] == "2 of 20 texts are not measured"

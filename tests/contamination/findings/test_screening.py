from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from statistics import fmean

import pytest

from reprollm.canon import dumps
from reprollm.contamination.findings.screening import findings
from reprollm.contamination.material import Material
from reprollm.statistics.conformal import conformal_p, spread
from reprollm.statistics.mann_whitney import mann_whitney_greater
from reprollm.statistics.multiplicity import benjamini_hochberg
from screening.archive import TEMPLATES, items

from .made import CORE, SCREENING, about, declaring, screened

METHODS = ["screening_loss", "screening_zlib", "screening_min_k_20", "screening_min_k_pp_20"]


def test_nothing_declared_finds_nothing():
    assert findings(declaring(screened(), checks={"screening": None})) == []


def test_a_leak_stands_out_in_every_score_and_its_items_are_listed():
    found = findings(screened(lift=1.6))
    assert about(found, "guard")["verdict"] == "not told apart"
    for method in METHODS:
        said = about(found, method)
        assert (said["claim"], said["verdict"]) == ("screening", "stands out")
        assert float(said["p"]) < 1e-4
        assert said["detail"]["listed"] > 10


def test_without_a_leak_nothing_stands_out():
    found = findings(screened(seed=5))
    for method in METHODS:
        assert about(found, method)["verdict"] == "does not stand out"
        assert about(found, method)["detail"]["listed"] == 0


def test_every_figure_follows_from_the_measurements():
    material = screened(seed=2, lift=0.4)
    found = findings(material)
    means = {each.subject: fmean(each.logprobs) for each in material.likelihoods}
    suspects = [means[f"s{place}"] for place in range(60)]
    reference = [means[f"r{place}"] for place in range(60)]
    ps = [conformal_p(value, reference) for value in suspects]
    for place, (p, q) in enumerate(zip(ps, benjamini_hochberg(ps), strict=True)):
        said = about(found, "screening_loss", f"s{place}")
        assert said["p"] == format(p, ".9g")
        assert said["detail"]["q"] == format(q, ".9g")
        assert float(said["statistic"]) == pytest.approx(suspects[place], rel=1e-8)
    whole = about(found, "screening_loss")
    assert whole["p"] == format(mann_whitney_greater(suspects, reference).p, ".9g")
    area = fmean((a > b) + (a == b) / 2 for a in suspects for b in reference)
    assert float(whole["statistic"]) == pytest.approx(area, abs=1e-9)
    assert float(whole["low"]) < area < float(whole["high"])
    assert whole["detail"]["rare"] == sum(p <= 0.05 for p in ps)
    assert (whole["n"], whole["parameters"]["references"]) == (60, 60)


def test_a_shift_of_templates_is_uninterpretable_whatever_the_scores_say():
    other = items(Random(3), 60, TEMPLATES[:3])
    found = findings(screened(lift=1.6, suspects=other))
    assert about(found, "guard")["verdict"] == "told apart"
    verdicts = {each.evidence["verdict"] for each in found if each.method != "guard"}
    assert verdicts == {"uninterpretable"}
    assert float(about(found, "screening_loss")["p"]) < 1e-4


def test_a_guard_that_cannot_run_clears_nothing():
    few = screened(n=19, lift=1.6)
    found = findings(few)
    assert about(found, "guard")["mode"] == "not possible"
    assert "fewer than 20 texts on a side: 19 suspects" in about(found, "guard")["detail"]["reason"]
    assert about(found, "screening_loss")["verdict"] == "uninterpretable"


def test_withheld_texts_cannot_be_guarded():
    material = screened()
    hidden = tuple(replace(each, text=None) for each in material.likelihoods)
    found = findings(replace(material, likelihoods=hidden))
    assert about(found, "guard")["detail"]["reason"] == "texts are withheld"
    assert about(found, "screening_loss")["verdict"] == "uninterpretable"


def test_an_engine_without_deviations_leaves_the_other_scores():
    material = screened()
    poorer = tuple(replace(each, means=None, deviations=None) for each in material.likelihoods)
    found = findings(replace(material, likelihoods=poorer))
    said = about(found, "screening_min_k_pp_20")
    assert (said["mode"], said["verdict"], said["p"]) == ("not possible", "not possible", None)
    assert said["detail"]["reason"] == "the engine gives no mean and deviation over the vocabulary"
    assert about(found, "screening_min_k_20")["mode"] == "log-probabilities"
    assert [each.subject for each in found if each.method == "screening_min_k_pp_20"] == ["*"]


def test_an_engine_without_log_probabilities_can_do_none():
    bare = Material("aa" * 32, "bb" * 32, {**CORE, "engine": {"family": "llamacpp"}})
    found = findings(bare)
    assert [each.evidence["mode"] for each in found] == ["not possible"] * 5


def test_withheld_log_probabilities_are_named():
    material = screened()
    hidden = tuple(replace(each, logprobs=None) for each in material.likelihoods)
    said = about(findings(replace(material, likelihoods=hidden)), "screening_loss")
    assert said["detail"]["reason"] == "log-probabilities are withheld"


def test_an_item_without_tokens_is_uncheckable_and_counts_nowhere():
    material = screened(lift=0.5)
    first, *rest = material.likelihoods
    empty = replace(first, tokens=0, logprobs=(), means=(), deviations=(), text="")
    found = findings(replace(material, likelihoods=(empty, *rest)))
    for method in METHODS:
        item = about(found, method, "s0")
        assert (item["verdict"], item["p"], item["statistic"]) == ("uncheckable", None, None)
        assert about(found, method)["n"] == 59
        assert about(found, method)["detail"]["uncheckable"] == 1


def test_an_impossible_token_makes_an_item_the_least_member_like():
    material = screened(lift=0.5)
    first, *rest = material.likelihoods
    worst = replace(first, logprobs=(-math.inf, *first.logprobs[1:]))
    item = about(findings(replace(material, likelihoods=(worst, *rest))), "screening_loss", "s0")
    assert (item["p"], item["statistic"]) == ("1", None)
    assert item["detail"]["impossible_token"] is True


def test_items_of_one_token_have_figures():
    material = screened()
    short = tuple(
        replace(
            each,
            tokens=1,
            logprobs=each.logprobs[:1],
            means=each.means[:1],
            deviations=each.deviations[:1],
        )
        for each in material.likelihoods
    )
    for each in findings(replace(material, likelihoods=short)):
        assert each.evidence["p"] is not None


def test_no_more_items_are_rare_than_said_where_nothing_leaked():
    shares = []
    for seed in range(20):
        material = declaring(
            screened(seed), checks={"screening": {**SCREENING, "scores": ["loss"]}}
        )
        said = about(findings(material), "screening_loss")
        shares.append(said["detail"]["rare"] / 60)
    expected = float(said["detail"]["rare_expected"])
    error = spread(0.05, 60, 60) / 20**0.5
    assert said["detail"]["rare_spread"] == format(spread(0.05, 60, 60), ".9g")
    assert abs(fmean(shares) - expected) < 3 * error


def test_the_guard_sees_dates_where_they_are_declared():
    draw = Random(4)
    dates = {
        "suspect": [f"19{draw.randrange(10, 50)}" for _ in range(60)],
        "reference": [f"19{draw.randrange(45, 99)}" for _ in range(60)],
    }
    dated = {**SCREENING, "date": "year", "dates": dates}
    material = declaring(screened(), checks={"screening": dated})
    assert about(findings(screened()), "guard")["verdict"] == "not told apart"
    assert about(findings(material), "guard")["verdict"] == "told apart"


def test_findings_can_stand_in_records():
    for each in findings(screened()):
        dumps(each.evidence)

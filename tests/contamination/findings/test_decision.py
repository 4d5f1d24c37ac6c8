from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from reprollm.canon import dumps
from reprollm.contamination.findings import findings_of
from reprollm.contamination.findings.decision import findings
from reprollm.contamination.findings.screening import findings as screening
from reprollm.contamination.material import Found, Material
from reprollm.records.evidence import evidence
from reprollm.statistics.rank_sum import detectable_share

from .made import SCREENING, about, declaring, measured, screened, with_scores

FAMILY = {"name": "spelling", "tests": 3}


def sealed(lift: float, groups: int = 30, **core: Any) -> Material:
    """Return screened material whose items have five twins, of which number 2 was published."""
    draw = Random(groups)
    material = screened()
    twins = [
        measured(
            "twin",
            120 + 5 * group + variant,
            f"s{group}",
            "x",
            [draw.gauss(-3 + lift * (variant == 2), 1.5) for _ in range(15)],
            variant,
        )
        for group in range(groups)
        for variant in range(5)
    ]
    checks = {
        "screening": {**SCREENING, "scores": ["loss"]},
        "sealed": {"twins": [[f"s{group}", 2, 5] for group in range(groups)]},
    }
    sealed = replace(material, likelihoods=(*material.likelihoods, *twins))
    return declaring(sealed, checks=checks, **{"primary": "sealed_twins", "family": FAMILY, **core})


def test_a_leak_is_evidence_after_correction_for_the_family():
    said = about(findings_of(sealed(lift=1.0)), "decision")
    assert (said["claim"], said["verdict"]) == ("decision", "evidence for")
    assert float(said["statistic"]) == pytest.approx(3 * float(said["p"]))
    assert said["detail"]["statement"].startswith(
        "Evidence that the model was trained on these items as published: sealed_twins, the "
        "primary test, gave p = "
    )


def test_without_a_leak_the_statement_says_what_would_have_been_found():
    said = about(findings_of(sealed(lift=0.0)), "decision")
    share = detectable_share([5] * 30, 0.05 / 3, 0.8)
    assert said["verdict"] == "no evidence found"
    assert said["detail"]["detectable"] == format(share, ".9g")
    assert said["detail"]["statement"].startswith(
        "No evidence found by sealed_twins, the primary test (p = "
    )
    assert (
        f"which would have found a published version that is foreseen best in {100 * share:.1f} % "
        "of 30 groups beyond chance with power 0.8 at the level 0.0167"
    ) in said["detail"]["statement"]


def test_every_p_of_a_set_is_listed_and_those_of_items_are_counted():
    found = findings_of(sealed(lift=0.0))
    detail = about(found, "decision")["detail"]
    listed = {(each["method"], each["subject"]): each["p"] for each in detail["p_values"]}
    assert listed == {
        (name, "*"): about(found, name)["p"] for name in ("sealed_twins", "guard", "screening_loss")
    }
    assert (detail["tests_run"], detail["item_p_values"]) == (3, 60)
    assert "on record: 3 of sets, 60 of single items." in detail["statement"]


def test_the_kinds_of_claim_stay_apart():
    material = sealed(lift=0.0)
    records = tuple(
        {
            "finding": "contamination/scan",
            "subject": "*",
            "evidence": evidence(
                "fact",
                "scan",
                "1",
                mode="corpus",
                parameters={"scan": name},
                n=60,
                verdict=verdict,
                detail={"tally": {"contaminated": hits, "items": 60, "uncheckable": 1}},
            ),
        }
        for name, hits, verdict in (("training", 3, "contaminated items"), ("web", 0, "none"))
    )
    found = findings_of(replace(material, recorded=records))
    statement = about(found, "decision")["detail"]["statement"]
    facts, _, rest = statement.partition(" Screening, which proves nothing: ")
    assert (
        "Facts: scan (training): contaminated items: 3 of 60 items, 1 uncheckable (n = 60); "
        "scan (web): none: 0 of 60 items, 1 uncheckable (n = 60)."
    ) in facts
    assert "screening_loss: does not stand out (n = 60, p = " in rest


def test_without_a_primary_test_nothing_is_decided():
    material = sealed(lift=1.0, primary=None, family=None)
    said = about(findings_of(material), "decision")
    assert (said["mode"], said["verdict"], said["p"]) == ("not possible", "not testable", None)
    assert said["detail"]["statement"].startswith("Not testable: no primary test is declared.")


def test_a_primary_test_that_could_not_run_says_why():
    material = sealed(lift=1.0)
    fewer = replace(material, likelihoods=material.likelihoods[:-1])
    said = about(findings_of(fewer), "decision")
    assert said["verdict"] == "not testable"
    assert (
        "the primary test, could not run: 1 of 150 texts are not measured."
        in said["detail"]["statement"]
    )


def test_too_few_groups_for_the_familys_level_are_not_testable():
    said = about(findings_of(sealed(lift=9.0, groups=2)), "decision")
    assert (said["verdict"], said["p"]) == ("not testable", "0.04")
    assert (
        "has 2 cases, of which no outcome could reach the level 0.0167"
        in (said["detail"]["statement"])
    )


def test_the_order_is_decided_by_its_permutations():
    order = evidence(
        "test", "sealed_order", "1", mode="log-probabilities", parameters={}, n=60, p=0.3,
        verdict="published does not stand out",
    )  # fmt: skip
    checks = {"sealed": {"order": {"permutations": 99, "shards": 4, "seed": "1"}}}
    material = declaring(
        screened(), checks=checks, primary="sealed_order", family={"name": "f", "tests": 1}
    )
    said = about(findings(material, [Found("sealed_order", "*", order)]), "decision")
    assert said["verdict"] == "no evidence found"
    assert (
        "a published order 2.49 standard deviations above random orders"
        in (said["detail"]["statement"])
    )


def test_the_effect_sets_all_items_against_the_clean_half():
    material = declaring(screened(), checks={"screening": {**SCREENING, "scores": ["loss"]}})
    loss = {each.subject: sum(each.logprobs) / each.tokens for each in material.of("suspect")}
    seen = sorted(material.items, key=lambda item: loss[item])[30:]
    answered = with_scores(material, [float(item in seen) for item in material.items])
    found = findings(answered, screening(answered))
    said = about(found, "effect", "exact_match, greedy")
    assert (said["n"], said["statistic"]) == (60, "0.5")
    assert said["detail"]["all"] == "0.5"
    assert (said["detail"]["clean"], said["detail"]["clean_mean"]) == (30, "0")
    assert 0.3 < float(said["low"]) < 0.5 < float(said["high"]) < 0.7
    assert said["parameters"]["by"] == "loss"


def test_without_answers_or_screening_there_is_no_effect():
    material = screened()
    assert [each.method for each in findings(material, [])] == ["decision"]
    bare = with_scores(declaring(material, checks={}), [1.0] * 60)
    assert [each.method for each in findings(bare, [])] == ["decision"]


def test_findings_can_stand_in_records():
    for each in findings_of(with_scores(sealed(lift=0.0), [1.0] * 60)):
        dumps(each.evidence)

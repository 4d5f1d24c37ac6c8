from __future__ import annotations

from dataclasses import replace

import pytest

from reprollm.contamination.findings.extraction import findings
from reprollm.contamination.material import Material
from reprollm.statistics.proportion import clopper_pearson

from .made import about, continued, declaring, screened

EXPECTED = tuple(range(100, 110))
OTHER = tuple(range(200, 210))


@pytest.fixture
def declared() -> Material:
    return declaring(screened(), checks={"extraction": {"prefix": "0.5", "tokens": 10}})


def test_nothing_declared_finds_nothing():
    assert findings(continued(screened(), (EXPECTED, EXPECTED))) == []


def test_items_that_are_continued_word_for_word_are_said_to_be(declared):
    found = findings(continued(declared, (EXPECTED, EXPECTED), (EXPECTED, OTHER)))
    assert about(found, "extraction", "s0")["verdict"] == "verbatim"
    assert about(found, "extraction", "s0")["statistic"] == "10"
    assert about(found, "extraction", "s1")["verdict"] == "not verbatim"
    whole = about(found, "extraction")
    assert (whole["verdict"], whole["statistic"], whole["n"]) == (
        "verbatim continuations",
        "0.5",
        2,
    )
    low, high = clopper_pearson(1, 2)
    assert (whole["low"], whole["high"]) == (format(low, ".9g"), format(high, ".9g"))


def test_a_run_in_the_middle_is_counted_and_not_called_verbatim(declared):
    said = (7, *EXPECTED[1:9], 7)
    found = about(findings(continued(declared, (EXPECTED, said))), "extraction", "s0")
    assert (found["verdict"], found["statistic"]) == ("not verbatim", "8")
    assert found["detail"]["leading"] == 0


def test_too_few_tokens_are_uncheckable_even_where_they_are_right(declared):
    found = findings(continued(declared, (EXPECTED[:7], EXPECTED[:7]), (EXPECTED, OTHER)))
    assert about(found, "extraction", "s0")["verdict"] == "uncheckable"
    assert about(found, "extraction")["n"] == 1
    assert about(found, "extraction")["detail"]["uncheckable"] == 1


def test_where_all_are_too_short_there_is_no_finding_about_the_set(declared):
    whole = about(findings(continued(declared, ((1,), (1,)))), "extraction")
    assert (whole["mode"], whole["verdict"]) == ("not possible", "not possible")
    assert whole["detail"]["reason"] == "no item has enough tokens"


def test_where_nothing_was_continued_that_is_said(declared):
    assert about(findings(declared), "extraction")["detail"]["reason"] == "nothing was continued"


def test_withheld_tokens_are_uncheckable(declared):
    material = continued(declared, (EXPECTED, EXPECTED))
    hidden = replace(material.continuations[0], output=None)
    found = findings(replace(material, continuations=(hidden,)))
    assert about(found, "extraction", "s0")["detail"]["reason"] == "tokens are withheld"


def test_extraction_has_no_p_and_is_screening(declared):
    for each in findings(continued(declared, (EXPECTED, EXPECTED))):
        assert (each.evidence["p"], each.evidence["claim"]) == (None, "screening")

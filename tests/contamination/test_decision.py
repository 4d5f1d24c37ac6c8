from __future__ import annotations

import re
from pathlib import Path

import pytest

import reprollm
from reprollm.contamination.decision import Primary, Result, corrected, statement, verdict

FOUND = "a published version that is foreseen best in 20.0 % of 50 groups beyond chance"


def primary(p: float | None, detectable: str | None = FOUND, reason: str = "") -> Primary:
    return Primary("sealed_twins", p, 50, reason, detectable)


@pytest.mark.parametrize(
    ("found", "tests", "word"),
    [
        (primary(0.05), 1, "evidence for"),
        (primary(0.05), 2, "no evidence found"),
        (primary(0.0501), 1, "no evidence found"),
        (primary(1.0), 1, "no evidence found"),
        (primary(0.001, None), 1, "not testable"),
        (primary(None, None), 1, "not testable"),
        (None, 1, "not testable"),
    ],
)
def test_the_verdict_is_that_of_the_corrected_primary_test(found, tests, word):
    assert verdict(found, tests) == word


def test_one_of_several_tests_is_corrected_by_their_number():
    assert corrected(0.01, 4) == 0.04
    assert corrected(0.5, 4) == 1.0


def test_no_evidence_is_said_with_what_would_have_been_found():
    assert statement(primary(0.41), 1, [], 1, 0) == (
        "No evidence found by sealed_twins, the primary test (p = 0.41, 0.41 after correction for "
        f"a family of 1), which would have found {FOUND} with power 0.8 at the level 0.05. Weaker "
        "traces would have been missed: a single exposure of an item usually is (see "
        "benchmarks/contamination). P-values computed, all on record: 1 of sets, 0 of single items."
    )


def test_a_small_p_of_a_large_family_points_to_holm():
    said = statement(primary(0.02), 5, [], 1, 0)
    assert "`reprollm contamination family` corrects it with the others" in said


def test_the_other_claims_come_under_their_own_headings():
    results = [
        Result("screening", "screening_loss", "uninterpretable", 60, 0.0001),
        Result("fact", "scan (web)", "0 of 60 items found", 60, None),
        Result("test", "canaries", "published does not stand out", 4, 0.2),
    ]
    said = statement(None, 1, results, 2, 60)
    headings = [
        "Facts: scan (web)",
        "Other tests, exploratory: canaries",
        "Screening, which proves",
    ]
    places = [said.index(heading) for heading in headings]
    assert places == sorted(places)


def test_no_text_that_the_package_writes_calls_anything_free_of_contamination():
    root = Path(reprollm.__file__).parent
    files = [path for kind in ("py", "jinja", "html", "sql") for path in root.rglob(f"*.{kind}")]
    forbidden = re.compile("uncontaminated|contamination-free|free of contamination", re.I)
    assert len(files) > 200
    assert [str(file) for file in files if forbidden.search(file.read_text("utf-8"))] == []

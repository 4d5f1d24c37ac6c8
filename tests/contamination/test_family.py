from __future__ import annotations

from typing import Any

import pytest

from reprollm.contamination.family import correct, members
from reprollm.errors import InvalidInput
from reprollm.records.evidence import evidence


def decision(
    p: float | None,
    run: str = "ab" * 32,
    family: str | None = "spelling",
    tests: int = 4,
    verdict: str = "no evidence found",
) -> dict[str, Any]:
    said = evidence(
        "decision",
        "decision",
        "1",
        mode="records",
        parameters={"primary": "sealed_twins", "family": family, "tests": tests},
        n=50,
        verdict=verdict,
        p=p,
        detail={"snapshot": "cd" * 32, "data": "ef" * 32},
    )
    return {
        "run": run,
        "finding": "contamination/decision",
        "subject": "*",
        "evidence": said,
    }


def family(*ps: float | None, **fields: Any) -> list[Any]:
    return [
        each
        for number, p in enumerate(ps)
        for each in members(f"ledger/{number}", [decision(p, f"{number:064x}", **fields)])
    ]


def test_the_declared_size_is_corrected_for_and_not_the_number_at_hand():
    adjusted = [each.adjusted for each in correct(family(0.01, 0.04))]
    assert adjusted == pytest.approx([0.04, 0.12])
    assert [each.verdict for each in correct(family(0.01, 0.04))] == [
        "evidence for",
        "no evidence found",
    ]


def test_holm_finds_what_each_ledger_alone_could_not():
    found = correct(family(0.001, 0.015, 0.02, 0.04))
    assert [each.adjusted for each in found] == pytest.approx([0.004, 0.045, 0.045, 0.045])
    assert {each.verdict for each in found} == {"evidence for"}


def test_a_test_that_could_not_run_is_listed_and_still_counts():
    found = correct(family(None, 0.02))
    assert (found[0].adjusted, found[0].verdict) == (None, "not testable")
    assert found[1].adjusted == pytest.approx(0.08)


def test_a_test_that_could_never_reach_its_level_stays_untestable():
    found = correct(family(0.04, verdict="not testable"))
    assert (found[0].adjusted, found[0].verdict) == (None, "not testable")


def test_more_tests_than_were_declared_are_refused():
    with pytest.raises(InvalidInput, match="expected at most 2 tests, as the family spelling was"):
        correct(family(0.1, 0.2, 0.3, tests=2))


def test_examining_one_ledger_twice_is_two_tests():
    again = [decision(0.04, "01" * 32, tests=1), decision(0.01, "02" * 32, tests=1)]
    with pytest.raises(InvalidInput, match="expected at most 1 tests"):
        correct(members("ledger", again))


def test_different_families_are_not_corrected_together():
    mixed = [*family(0.1), *family(0.1, family="other")]
    with pytest.raises(InvalidInput, match="same declared family, found other of 4, spelling of 4"):
        correct(mixed)


def test_a_ledger_without_a_declared_family_is_refused():
    with pytest.raises(InvalidInput, match="expected a decision on a declared primary test in led"):
        members("ledger", [decision(None, family=None)])

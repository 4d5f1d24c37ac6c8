from __future__ import annotations

from typing import Any

import pytest

from conclusions.made import arm, right_or_wrong
from reprollm.conclusions.claims import Estimate, level_of, of_comparison, of_value
from reprollm.conclusions.pair import Exchanges, Intervals, compare
from reprollm.conclusions.pairing import Part
from reprollm.scores.measures import measure


def claim(**said: Any) -> dict[str, Any]:
    return {"name": "c", "says": "A sentence.", "score": "exact_match", **said}


def estimate(value: str | None, low: str | None = None, high: str | None = None) -> Estimate:
    return Estimate(17, "ab" * 32, value, low, high)


def judged(found: Estimate | None, **said: Any) -> tuple[str, object]:
    done = of_value(claim(**said), arm(), "mean_of_ratios", found)
    return done.verdict, done.evidence["because"]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("0.052000", "holds"),
        ("0.057000", "holds"),
        ("0.047000", "holds"),
        ("0.057001", "fails"),
        ("0.046999", "fails"),
    ],
)
def test_a_number_is_held_against_its_distance_exactly(value: str, verdict: str) -> None:
    said = {"is": "0.052", "within": "0.005"}
    assert judged(estimate(value, "0.01", "0.09"), **said) == (verdict, "value")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (estimate("0.9", "0.8", "0.95"), ("holds", "interval")),
        (estimate("0.9", "0.79", "0.95"), ("undecided", "interval")),
        (estimate("0.79", "0.7", "0.95"), ("fails", "value")),
        (estimate("0.9"), ("undecided", "no-interval")),
        (estimate(None), ("undecided", "undefined")),
        (None, ("undecided", "no-estimate")),
    ],
)
def test_at_least_speaks_of_what_the_items_are_a_sample_of(
    found: Estimate | None, expected: tuple[str, str]
) -> None:
    assert judged(found, at_least="0.8") == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (estimate("0.05", "0.03", "0.1"), ("holds", "interval")),
        (estimate("0.05", "0.03", "0.11"), ("undecided", "interval")),
        (estimate("0.11", "0.03", "0.2"), ("fails", "value")),
    ],
)
def test_at_most_looks_at_the_other_end(found: Estimate, expected: tuple[str, str]) -> None:
    assert judged(found, at_most="0.1") == expected


def test_a_claim_names_the_record_that_it_is_about() -> None:
    done = of_value(claim(at_least="0.1"), arm(), "mean_of_ratios", estimate("0.9", "0.8", "1"))
    assert done.evidence["estimate"] == {"position": 17, "leaf": "ab" * 32}


def test_a_claim_is_about_all_items_or_those_of_a_part() -> None:
    assert level_of(claim()) == ("all", None)
    assert level_of(claim(stratum="long-s")) == ("stratum", "long-s")
    assert level_of(claim(split="test")) == ("split", "test")


@pytest.mark.parametrize(
    ("of", "against", "p", "expected"),
    [
        ([1] * 9, [0] * 9, 0.04, ("holds", "p")),
        ([1] * 9, [0] * 9, 0.06, ("undecided", "p")),
        ([1] * 9, [0] * 9, None, ("undecided", "no-p")),
        ([0] * 9, [1] * 9, 0.001, ("fails", "difference")),
        ([0, 1], [1, 0], 1.0, ("fails", "difference")),
    ],
)
def test_better_means_better_and_not_by_chance(
    of: list[int], against: list[int], p: float | None, expected: tuple[str, str]
) -> None:
    found = compare(
        right_or_wrong(of), right_or_wrong(against, "b"), measure("exact_match"), {}, Part(),
        Intervals(), Exchanges(),
    )  # fmt: skip
    done = of_comparison(claim(comparison="ab"), found, p)
    assert (done.verdict, done.evidence["because"]) == expected

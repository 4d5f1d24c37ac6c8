"""The published findings of the demo against what is known to stand in its training text."""

from pathlib import Path

import pytest
from earlygerman.items import REPETITIONS
from truth import LEVEL, SCORES, Row, copies, rows

from reprollm.contamination.reading import findings
from reprollm.statistics.conformal import spread

PUBLISHED = Path(__file__).resolve().parents[2] / "experiments" / "normalisation" / "published"
Findings = list[dict[str, object]]


@pytest.fixture(scope="module")
def found() -> Findings:
    return findings(PUBLISHED)


@pytest.fixture(scope="module")
def by_copies(found: Findings) -> dict[int, Row]:
    return {row.copies: row for row in rows(found, copies())}


def p_of(found: Findings, method: str) -> float:
    [evidence] = [
        one["evidence"]
        for one in found
        if (one["finding"], one["subject"]) == (f"contamination/{method}", "*")
    ]
    return float(evidence["p"])  # type: ignore[index]


def test_the_scan_finds_every_planted_item_and_no_other(by_copies: dict[int, Row]) -> None:
    assert by_copies[0].scanned == 0
    assert [by_copies[times].scanned for times in REPETITIONS] == [30] * 4


def test_the_sealed_twins_and_the_canaries_show_that_the_file_was_trained_on(
    found: Findings,
) -> None:
    assert p_of(found, "sealed_twins") <= 0.01
    assert p_of(found, "canaries") <= 0.0001


def test_planted_items_beat_their_twins_the_more_the_oftener_they_were_planted(
    by_copies: dict[int, Row],
) -> None:
    assert by_copies[64].beaten >= 0.95
    assert by_copies[16].beaten >= 0.7
    assert 0.42 <= by_copies[0].beaten <= 0.58


@pytest.mark.parametrize("score", SCORES)
def test_items_planted_64_times_stand_out_by_every_score(
    by_copies: dict[int, Row], score: str
) -> None:
    assert by_copies[64].found[score] >= 27


@pytest.mark.parametrize("score", SCORES)
def test_clean_items_stand_out_as_seldom_as_stated(by_copies: dict[int, Row], score: str) -> None:
    clean = by_copies[0]
    away = abs(clean.found[score] / clean.items - LEVEL)
    assert away <= 3 * spread(LEVEL, 300, clean.items)


def test_the_guard_lets_the_screening_be_read(found: Findings) -> None:
    assert p_of(found, "guard") > LEVEL

from __future__ import annotations

import pytest

from reprollm.corpus.control import Tally, excess, missed, tally
from reprollm.corpus.presets.judged import CLEAN, CONTAMINATED, UNCHECKABLE, Judged
from reprollm.errors import InvalidInput


def test_uncheckable_items_are_in_no_share() -> None:
    verdicts = [CONTAMINATED] * 2 + [CLEAN] * 6 + [UNCHECKABLE] * 5
    found = tally([Judged(str(at), verdict, 9, 0, 1) for at, verdict in enumerate(verdicts)])
    assert found == Tally(items=13, contaminated=2, uncheckable=5)
    assert (found.checked, found.clean, found.share) == (8, 6, 0.25)


def test_the_interval_is_clopper_and_pearson() -> None:
    low, high = Tally(10, 0, 0).interval
    assert low == 0
    assert high == pytest.approx(1 - 0.025**0.1, abs=1e-9)


def test_the_excess_over_the_control_has_newcombes_interval_and_fishers_p() -> None:
    found = excess(Tally(80, 56, 0), Tally(90, 48, 10))
    assert found is not None
    assert found.difference == pytest.approx(0.1, abs=1e-12)
    low, high = found.interval
    assert low < 0.1 < high
    same = excess(Tally(10, 3, 0), Tally(10, 3, 0))
    assert same is not None
    # P(X >= 3) of a hypergeometric with 20, 10 and 6, by hand: 1 - (210 + 2520 + 9450) / 38760
    assert same.p == pytest.approx(1 - (210 + 2520 + 9450) / 38760, abs=1e-12)


def test_newcombes_own_example_comes_out() -> None:
    """Newcombe 1998, Statistics in Medicine 17:873-890, table II, column (a), method 10."""
    found = excess(Tally(70, 56, 0), Tally(80, 48, 0))
    assert found is not None
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_without_items_that_could_be_checked_there_is_no_excess() -> None:
    assert excess(Tally(5, 0, 5), Tally(5, 1, 0)) is None
    assert excess(Tally(5, 1, 0), Tally(0, 0, 0)) is None
    assert Tally(5, 0, 5).share is None
    assert Tally(5, 0, 5).interval == (0.0, 1.0)


def test_the_probability_of_missing_all_copies_of_a_sampled_corpus() -> None:
    assert missed(0.25, (1, 2, 4)) == [(1, 0.75), (2, 0.5625), (4, 0.31640625)]
    assert [count for count, _ in missed(0.1)] == [1, 2, 4, 8, 16, 64]
    assert missed(1.0, (1, 64)) == [(1, 0.0), (64, 0.0)]


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, float("nan")])
def test_a_fraction_outside_its_range_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidInput, match="above 0 and at most 1"):
        missed(fraction)

from __future__ import annotations

import math

import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from reprollm.statistics.mcnemar import mcnemar


@pytest.mark.parametrize("b", [0, 1, 4, 9, 40, 300])
@pytest.mark.parametrize("c", [0, 1, 5, 9, 37, 260])
def test_the_exact_p_is_that_of_statsmodels_and_of_the_binomial_test(b: int, c: int) -> None:
    found = mcnemar(b, c)
    theirs = statsmodels_mcnemar([[7, b], [c, 3]], exact=True).pvalue
    assert math.isclose(found.p, theirs, rel_tol=1e-9)
    if b + c:
        binomial = stats.binomtest(b, b + c, 0.5).pvalue
        assert math.isclose(found.p, binomial, rel_tol=1e-9)


def test_the_published_example_of_the_mid_p_comes_out() -> None:
    # Fagerland, Lydersen and Laake 2013, table 1 (airway hyper-responsiveness before and after
    # stem cell transplantation, Bentur et al. 2009): 1 against 7 discordant pairs; section
    # "Examples" gives p = 0.070 exact and p = 0.039 mid-p.
    found = mcnemar(1, 7)
    assert f"{found.p:.3f}" == "0.070"
    assert f"{found.mid_p:.3f}" == "0.039"


@pytest.mark.parametrize(("b", "c"), [(1, 7), (3, 3), (12, 5), (0, 6)])
def test_the_mid_p_counts_half_of_what_was_seen(b: int, c: int) -> None:
    table = stats.binom(b + c, 0.5)
    beyond = 2 * table.cdf(min(b, c)) - table.pmf(min(b, c))
    expected = 1 - table.pmf(b) / 2 if b == c else beyond
    assert math.isclose(mcnemar(b, c).mid_p, expected, rel_tol=1e-12)


def test_without_a_differing_item_nothing_speaks_against_equality() -> None:
    found = mcnemar(0, 0)
    assert (found.p, found.mid_p) == (1, 1)
    assert (found.odds_ratio, found.low, found.high) == (None, 0, None)


@pytest.mark.parametrize(("b", "c"), [(1, 7), (9, 4), (25, 25)])
def test_the_odds_ratio_has_the_exact_interval_of_a_share(b: int, c: int) -> None:
    found = mcnemar(b, c)
    share = stats.binomtest(b, b + c).proportion_ci(0.95, method="exact")
    assert found.odds_ratio == b / c
    assert math.isclose(found.low, share.low / (1 - share.low), rel_tol=1e-9)
    assert found.high is not None
    assert math.isclose(found.high, share.high / (1 - share.high), rel_tol=1e-9)


def test_an_odds_ratio_without_end_says_so() -> None:
    assert mcnemar(6, 0).odds_ratio is None
    assert mcnemar(6, 0).high is None
    assert mcnemar(6, 0).low > 1


def test_a_p_value_too_small_for_a_float_of_its_terms_is_still_right() -> None:
    assert math.isclose(mcnemar(0, 1000).p, 2.0**-999, rel_tol=1e-12)

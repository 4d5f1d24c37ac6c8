import hashlib
import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.statistics import resampling
from reprollm.statistics.resampling import UNITS, dealt, draws, percentile_interval, sums


def framed(*parts: str) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part.encode() for part in parts)


def words(n: int, *parts: str) -> list[int]:
    stream = hashlib.shake_256(framed(*parts)).digest(4 * n)
    return [int.from_bytes(stream[4 * i : 4 * i + 4], "big") for i in range(n)]


def test_the_draws_are_the_words_of_the_stated_hash():
    expected = [word * 11 // 2**32 for word in words(11, "reprollm/resampling/v1", "7", "3", "11")]
    assert draws("7", 3, 11) == expected


def test_up_to_a_thousand_clusters_are_units_themselves():
    assert dealt("1", UNITS) == list(range(UNITS))


def test_more_clusters_are_dealt_by_the_stated_order_into_groups_of_one_size():
    drawn = words(2500, "reprollm/groups/v1", "1", "2500")
    order = sorted(range(2500), key=lambda cluster: (drawn[cluster], cluster))
    units = dealt("1", 2500)
    assert [units[cluster] for cluster in order] == [place % UNITS for place in range(2500)]
    sizes = [units.count(unit) for unit in range(0, UNITS, 50)]
    assert set(sizes) == {2, 3}


def plainly(rows: list[list[int]], seed: str, resamples: int) -> list[list[int]]:
    return [
        [
            sum(rows[unit][column] for unit in draws(seed, b, len(rows)))
            for column in range(len(rows[0]))
        ]
        for b in range(resamples)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(-(2**40), 2**40), min_size=width, max_size=width),
            min_size=2,
            max_size=30,
        )
    )
)
def test_the_sums_are_those_of_the_drawn_rows(rows: list[list[int]]):
    assert list(sums(rows, "s", 5)) == plainly(rows, "s", 5)


def test_numbers_of_any_size_are_added_exactly():
    rows = [[2**80, -1], [3, 2**63], [-(2**90), 0]]
    assert list(sums(rows, "s", 7)) == plainly(rows, "s", 7)


def test_numpy_changes_no_sum(monkeypatch: pytest.MonkeyPatch):
    draw = random.Random(4)
    rows = [[draw.randrange(-50, 50), draw.randrange(10**12)] for _ in range(300)]
    fast = list(sums(rows, "s", 250))
    monkeypatch.setattr(resampling, "_numpy", lambda: None)
    assert list(sums(rows, "s", 250)) == fast


def test_one_unit_has_no_interval_and_an_undefined_statistic_none():
    assert percentile_interval(lambda s: 1.0, [[1]], "1", 0.95, 99) is None
    assert percentile_interval(lambda s: None, [[1], [2]], "1", 0.95, 99) is None


@pytest.mark.parametrize("n", [40, 150])
def test_the_interval_is_that_of_scipys_percentile_bootstrap(n: int):
    """Both draw at random: their ends differ by what 4,999 resamples leave to chance."""
    draw = random.Random(n)
    edits = [draw.randrange(6) for _ in range(n)]
    lengths = [draw.randrange(5, 30) for _ in range(n)]
    found = percentile_interval(
        lambda s: s[0] / s[1], list(zip(edits, lengths, strict=True)), "1", 0.95, 4999
    )
    assert found is not None
    peer = scipy.stats.bootstrap(
        (np.array(edits), np.array(lengths)),
        lambda e, m, axis: e.sum(axis=axis) / m.sum(axis=axis),
        paired=True, n_resamples=4999, method="percentile", rng=np.random.default_rng(1),
        vectorized=True,
    )  # fmt: skip
    low, high = peer.confidence_interval
    # Standard error of a quantile at p = .025 of B values of a nearly normal statistic.
    error = math.sqrt(0.025 * 0.975 / 4999) / 0.0584 * peer.standard_error
    assert abs(found.low - low) < 4 * math.sqrt(2) * error
    assert abs(found.high - high) < 4 * math.sqrt(2) * error


def test_dealing_into_groups_changes_the_width_of_an_interval_by_little():
    """Against the normal interval of the mean of all 4,000 items."""
    draw = random.Random(8)
    values = [draw.choice((0, 0, 0, 1, 2, 9)) for _ in range(4000)]
    units = [[0, 0] for _ in range(UNITS)]
    for unit, value in zip(dealt("1", len(values)), values, strict=True):
        units[unit][0] += value
        units[unit][1] += 1
    found = percentile_interval(lambda s: s[0] / s[1], units, "1", 0.95, 1999)
    assert found is not None
    normal = 2 * 1.959964 * np.std(values) / math.sqrt(len(values))
    assert (found.high - found.low) / normal == pytest.approx(1, abs=0.1)

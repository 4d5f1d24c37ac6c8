import random

import pytest

from reprollm.screening.extraction import Continuation, compare, longest_run


def test_a_verbatim_continuation_is_exact():
    assert compare([4, 5, 6], [4, 5, 6, 9, 9]) == Continuation(True, 3, 3, 3)


def test_a_continuation_that_stops_early_is_not():
    assert compare([4, 5, 6], [4, 5]) == Continuation(False, 2, 2, 3)


def test_the_longest_run_may_stand_elsewhere():
    assert compare([1, 2, 3, 4, 5, 6], [9, 3, 4, 5, 9, 9]) == Continuation(False, 0, 3, 6)


def test_nothing_expected_is_nothing_found():
    assert compare([], [1, 2]) == Continuation(False, 0, 0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_run_is_that_of_all_runs(seed):
    draw = random.Random(seed)
    one = [draw.randrange(3) for _ in range(12)]
    other = [draw.randrange(3) for _ in range(9)]
    runs = {tuple(other[a:b]) for a in range(9) for b in range(a + 1, 10)}
    found = max(
        (b - a for a in range(12) for b in range(a + 1, 13) if tuple(one[a:b]) in runs), default=0
    )
    assert longest_run(one, other) == found

import math
import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reprollm.scores.exact import ExactSum

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def total(addends: list[float]) -> float:
    running = ExactSum()
    for addend in addends:
        running.add(addend)
    return running.total()


@given(st.lists(FINITE, max_size=60))
def test_the_running_sum_is_that_of_fsum_and_of_exact_fractions(addends: list[float]) -> None:
    assert total(addends) == math.fsum(addends)
    assert total(addends) == float(sum(map(Fraction, addends), Fraction()))


def test_what_plain_addition_loses_is_kept() -> None:
    assert total([1e100, 1.0, -1e100]) == 1.0
    assert total([0.1] * 10) == 1.0


def test_the_order_of_the_addends_changes_no_bit() -> None:
    addends = [numerator / (1 + numerator % 97) for numerator in range(5000)]
    shuffled = random.Random(3).sample(addends, len(addends))
    assert total(addends).hex() == total(shuffled).hex()


def test_memory_does_not_grow_with_the_addends() -> None:
    running = ExactSum()
    for number in range(20_000):
        running.add(1 / (1 + number % 9973))
    assert len(running._parts) < 40

import hashlib
import random
from statistics import fmean

from reprollm.statistics.bootstrap import Interval, draws, percentile_interval


def framed(*parts: str) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part.encode() for part in parts)


def test_the_draws_are_the_words_of_the_stated_hash():
    first = hashlib.sha256(framed("reprollm/bootstrap/v1", "seven", "3", "0")).digest()
    second = hashlib.sha256(framed("reprollm/bootstrap/v1", "seven", "3", "1")).digest()
    words = [int.from_bytes((first + second)[4 * i : 4 * i + 4], "big") for i in range(11)]
    assert draws("seven", 3, 11) == [word * 11 // 2**32 for word in words]


def test_every_item_is_drawn_about_as_often():
    counts = [0] * 10
    for resample in range(400):
        for item in draws("s", resample, 10):
            counts[item] += 1
    assert all(330 < count < 470 for count in counts)


def test_the_interval_holds_the_stated_ranks():
    values = iter(range(1, 100))
    found = percentile_interval(lambda items: float(next(values)), 5, "s", 0.9, resamples=99)
    assert found == Interval(5.0, 95.0, 99)


def test_the_interval_of_a_mean_covers_it():
    draw = random.Random(9)
    covered = 0
    for number in range(150):
        sample = [draw.gauss(2, 1) for _ in range(40)]

        def mean(items: list[int], sample: list[float] = sample) -> float:
            return fmean(sample[i] for i in items)

        found = percentile_interval(mean, 40, str(number), resamples=99)
        covered += found.low <= 2 <= found.high
    assert 0.86 <= covered / 150 <= 0.99


def test_a_statistic_that_is_mostly_undefined_has_no_interval():
    assert percentile_interval(lambda items: None, 5, "s") is None
    assert percentile_interval(lambda items: 1.0, 0, "s") is None


def test_an_undefined_resample_is_left_out_and_counted():
    values = iter([None, 3.0, 1.0, 2.0] * 5)
    found = percentile_interval(lambda items: next(values), 4, "s", resamples=20)
    assert found.resamples == 15

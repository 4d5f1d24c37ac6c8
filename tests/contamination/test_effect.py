from __future__ import annotations

import random

from reprollm.contamination.effect import clean_half, effect
from reprollm.statistics.bootstrap import draws

SEED = "ab" * 32


def test_the_clean_half_is_the_less_member_like_one_ties_by_id():
    assert clean_half({"a": 3.0, "b": 1.0, "c": 1.0, "d": 2.0}) == {"b", "c"}
    assert clean_half({"a": 0.0, "b": 0.0, "c": 0.0}) == {"a", "b"}
    assert clean_half({}) == frozenset()


def test_only_items_with_both_count():
    made = effect({"a": 1.0, "b": 0.0, "x": 1.0}, {"a": 1.0, "b": 0.0, "y": 5.0}, {"a"}, SEED)
    assert (made.n, made.every, made.clean_mean, made.difference) == (2, 0.5, 0.0, 0.5)
    assert (made.unlisted, made.unlisted_mean) == (1, 0.0)


def test_without_items_there_is_no_effect():
    assert effect({"a": 1.0}, {}, set(), SEED) is None


def test_where_all_items_are_listed_none_is_left():
    made = effect({"a": 1.0}, {"a": 1.0}, {"a"}, SEED)
    assert (made.unlisted, made.unlisted_mean) == (0, None)


def test_the_interval_is_that_of_resampled_items_each_with_its_half():
    draw = random.Random(3)
    items = [f"i{place:02}" for place in range(20)]
    values = {item: float(draw.random() < 0.6) for item in items}
    membership = {item: draw.random() for item in items}
    half = clean_half(membership)
    found = []
    for resample in range(999):
        drawn = [items[place] for place in draws(SEED, resample, 20)]
        clean = [values[item] for item in drawn if item in half]
        if clean:
            found.append(sum(map(values.get, drawn)) / 20 - sum(clean) / len(clean))
    found.sort()
    made = effect(values, membership, set(), SEED)
    assert abs(made.interval.low - found[24]) < 1e-12
    assert abs(made.interval.high - found[974]) < 1e-12


def test_a_score_that_has_nothing_to_do_with_membership_has_an_interval_around_nothing():
    draw = random.Random(8)
    covered = 0
    for number in range(25):
        items = [str(place) for place in range(40)]
        values = {item: draw.random() for item in items}
        made = effect(values, {item: draw.random() for item in items}, set(), str(number))
        covered += made.interval.low <= 0 <= made.interval.high
    assert covered >= 20

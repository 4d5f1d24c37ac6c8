from dataclasses import replace

import pytest

from reprollm.scores.earlier.aggregate import ItemScore, aggregate
from reprollm.scores.earlier.measures import Ratio


def item(name, numerator, denominator, *, stratum=None, sampling="greedy", runaway=False):
    ratio = Ratio(numerator, denominator)
    return ItemScore(
        0, name, name, stratum, sampling, "0", 0, "character_error_rate", ratio, runaway
    )


def by_aggregation(rows, level="all"):
    return {row.aggregation: row for row in rows if row.level == level}


def test_the_two_aggregations_differ_on_a_short_runaway_as_computed_by_hand():
    rows = by_aggregation(aggregate([item("a", 1, 10), item("b", 30, 3, runaway=True)]))
    assert rows["mean_of_ratios"].value == pytest.approx((0.1 + 10.0) / 2)
    assert rows["corpus"].value == pytest.approx(31 / 13)
    assert {row.runaway for row in rows.values()} == {1}


def test_undefined_items_are_counted_and_left_out_of_the_value():
    rows = by_aggregation(aggregate([item("a", 1, 4), item("b", 5, 0)]))
    assert rows["mean_of_ratios"].value == 0.25
    assert (rows["mean_of_ratios"].n, rows["mean_of_ratios"].undefined) == (2, 1)
    assert rows["corpus"].value == 0.25


def test_only_undefined_items_give_no_value():
    (row,) = aggregate([item("a", 1, 0)])
    assert (row.value, row.decimal(), row.n, row.undefined) == (None, None, 1, 1)


def test_each_stratum_and_sampling_has_rows_of_its_own():
    scores = [item("a", 0, 2, stratum="x"), item("b", 1, 2, stratum="y")]
    scores += [replace(score, sampling="warm") for score in scores]
    rows = aggregate(scores)
    assert [(r.sampling, r.level, r.stratum) for r in rows if r.aggregation == "corpus"] == [
        ("greedy", "all", None),
        ("greedy", "stratum", "x"),
        ("greedy", "stratum", "y"),
        ("warm", "all", None),
        ("warm", "stratum", "x"),
        ("warm", "stratum", "y"),
    ]


def test_the_order_of_the_items_changes_no_digit():
    scores = [item(str(n), n % 7, 3 + n % 11) for n in range(500)]
    assert aggregate(scores) == aggregate(scores[::-1])


def test_a_measure_of_whole_items_has_one_aggregation():
    rows = aggregate([item("a", 1, 1), item("b", 0, 1)])
    assert [row.aggregation for row in rows] == ["mean_of_ratios"]

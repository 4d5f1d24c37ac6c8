from __future__ import annotations

import dataclasses

import pytest

from reprollm.errors import InvalidInput
from reprollm.tables.choice import Wanted
from reprollm.tables.layout import lay_out
from reprollm.tables.words import rounded
from tables.books import arm, book, number, pair, two_arms


def values(grid_rows: object) -> list[list[str]]:
    return [[cell.value for cell in row.cells] for row in grid_rows]  # type: ignore[attr-defined]


def test_arms_are_rows_and_scores_are_columns() -> None:
    grid = lay_out([two_arms()], Wanted())
    assert grid.names == ("Sampling",)
    assert grid.columns == (("CER", "mean of items"), ("CER reduction", "mean of items"))
    assert [row.names for row in grid.rows] == [("greedy (a)",), ("warm (b)",)]
    assert values(grid.rows) == [["0.052", "–"], ["0.071", "-0.250"]]
    assert [row.cells[0].interval for row in grid.rows] == ["0.041, 0.064", "0.060, 0.083"]


def test_a_significantly_better_value_carries_the_letter_of_the_arm_it_beats() -> None:
    grid = lay_out([two_arms()], Wanted())
    assert [[cell.marks for cell in row.cells] for row in grid.rows] == [["b", ""], ["", ""]]
    assert any("p < 0.05 after Holm's correction over 2 tests (sign-flip)" in n for n in grid.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"p": "0.0501"},
        {"favours": "neither"},
        {"level": "stratum", "group": "long-s"},
        {"aggregation": "corpus"},
    ],
)
def test_what_is_not_significant_here_is_not_marked(change: dict[str, str]) -> None:
    said = {"p": "0.0041", **change}
    changed = dataclasses.replace(two_arms(), pairs=(pair("greedy", "warm", **said),))
    grid = lay_out([changed], Wanted())
    assert not any(cell.marks for row in grid.rows for cell in row.cells)
    assert grid.rows[0].names == ("greedy",)


def test_the_lower_error_rate_and_the_higher_accuracy_are_best() -> None:
    numbers = (
        number("greedy", "0.1", 1),
        number("warm", "0.2", 2),
        number("greedy", "0.6", 3, score="accuracy"),
        number("warm", "0.7", 4, score="accuracy"),
    )
    grid = lay_out([book((arm("greedy"), arm("warm")), numbers)], Wanted())
    assert [[cell.best for cell in row.cells] for row in grid.rows] == [
        [True, False],
        [False, True],
    ]


def test_values_that_look_the_same_are_equally_good() -> None:
    numbers = (number("greedy", "0.0131", 1), number("warm", "0.0129", 2))
    grid = lay_out([book((arm("greedy"), arm("warm")), numbers)], Wanted())
    assert not any(cell.best for row in grid.rows for cell in row.cells)
    grid = lay_out([book((arm("greedy"), arm("warm")), numbers)], Wanted(digits=4))
    assert [row.cells[0].best for row in grid.rows] == [False, True]


def test_strata_are_groups_of_rows_or_rows_with_the_arms_beside_each_other() -> None:
    numbers = tuple(
        number(cell, f"0.{place}", place, level="stratum", group=group)
        for place, (group, cell) in enumerate(
            [("umlaut", "greedy"), ("umlaut", "warm"), ("long-s", "greedy")], start=1
        )
    )
    made = book((arm("greedy"), arm("warm")), numbers)
    grid = lay_out([made], Wanted(level="stratum"))
    assert [row.names for row in grid.rows] == [
        ("long-s", "greedy"),
        ("umlaut", "greedy"),
        ("umlaut", "warm"),
    ]
    assert grid.groups == (1, 2)
    beside = lay_out([made], Wanted(level="stratum", arms="columns"))
    assert [row.names for row in beside.rows] == [("long-s",), ("umlaut",)]
    assert values(beside.rows) == [["0.300", ""], ["0.100", "0.200"]]


def test_another_aggregation_is_a_column_when_asked_for() -> None:
    numbers = (number("greedy", "0.1", 1), number("greedy", "0.3", 2, aggregation="corpus"))
    made = book((arm("greedy"),), numbers)
    assert values(lay_out([made], Wanted()).rows) == [["0.100"]]
    scores = (("character_error_rate", "corpus"), ("character_error_rate", "mean_of_ratios"))
    assert values(lay_out([made], Wanted(scores=scores)).rows) == [["0.300", "0.100"]]


def test_what_is_not_on_record_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"character_error_rate:mean_of_ratios.*found 'f1'"):
        lay_out([two_arms()], Wanted(scores=(("f1", None),)))
    with pytest.raises(InvalidInput, match="level stratum, found none"):
        lay_out([two_arms()], Wanted(level="stratum"))


def test_warnings_and_undefined_answers_stand_below() -> None:
    numbers = (
        number("greedy", "0.1", 1, undefined=2, warnings=("sign-depends-on-aggregation",)),
        number("warm", "0.2", 2, undefined=1),
    )
    notes = " ".join(lay_out([book((arm("greedy"), arm("warm")), numbers)], Wanted()).notes)
    assert "3 of 80 answers have no value" in notes
    assert "CER: another usual aggregation has the other sign, in 1 of 2 arms." in notes


def test_of_answers_that_ran_out_or_could_not_be_read_it_is_said_how_many() -> None:
    warned = {"warnings": ("runaway", "unparsed", "identical-passes")}
    numbers = (
        number("greedy", "0.1", 1, **warned, counted={"runaway": 3, "unparsed": 1}),
        number("warm", "0.2", 2, counted={"runaway": 2, "unparsed": 0}),
        number("greedy", "0.3", 3, score="f1", **warned, counted={"runaway": 3, "unparsed": 1}),
        number("warm", "0.4", 4, score="f1", counted={"runaway": 2, "unparsed": 0}),
    )
    made = book((arm("greedy"), arm("warm")), numbers)
    notes = lay_out([made], Wanted()).notes
    assert "5 of 80 answers ran out of tokens (CER; F1)." in notes
    assert "1 of 80 answers could not be parsed and count as wrong (CER; F1)." in notes
    identical = "In 1 of 2 arms repetitions have identical answers, counted once (CER; F1)."
    assert identical in notes
    german = lay_out([made], Wanted(language="de")).notes
    assert "5 von 80 Antworten brachen an der Längengrenze ab (Zeichenfehlerrate; F1)." in german


def test_a_comparison_below_the_table_has_four_digits() -> None:
    notes = " ".join(lay_out([two_arms()], Wanted()).notes)
    assert "difference -0.01235 [-0.02, -0.001], p = 0.0041 after Holm" in notes


def test_no_answer_is_said_to_be_left_out_of_sums() -> None:
    numbers = (
        number("greedy", "0.1", 1, score="entity_f1_strict", aggregation="corpus", undefined=2),
    )
    assert "left out" not in " ".join(lay_out([book((arm("greedy"),), numbers)], Wanted()).notes)


def test_the_caption_says_what_was_run_and_where_it_is_on_record() -> None:
    said = " ".join(lay_out([two_arms()], Wanted()).caption)
    assert "small: snapshot efefefefefef, not quantized, float32, transformers 5.0" in said
    assert "trust: owned" in said
    assert "greedy: T=0, seeds 0." in said
    assert "Ledger letters: 95 records, root cdcdcdcdcdcd." in said
    assert "95 % intervals (percentile bootstrap over 40 clusters, 999 resamples, seed 1)" in said


def test_german_has_its_words_and_commas() -> None:
    grid = lay_out([two_arms()], Wanted(language="de"))
    assert values(grid.rows)[0][0] == "0,052"
    assert grid.rows[0].cells[0].interval == "0,041; 0,064"
    assert "Einträge, Wurzel cdcdcdcdcdcd." in " ".join(grid.caption)
    assert "p < 0,05 nach Holm-Korrektur" in " ".join(grid.notes)


def test_rounding_is_to_even_and_knows_no_negative_zero() -> None:
    assert [rounded(value, 2, "en") for value in ("0.125", "0.135", "-0.001", "0.999")] == [
        "0.12",
        "0.14",
        "0.00",
        "1.00",
    ]

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.errors import InvalidInput
from reprollm.experiment.scoring import ScoreName
from reprollm.scores.measures import LOWER_IS_BETTER, MEASURES, OfSums, Ratio, add, measure
from reprollm.scores.parsers import VERSIONS
from scores.measures.answers import aggregated, texts

PARSERS = (
    {},
    {"parser": "labels", "labels": ["ja", "nein"], "normalise": ["nfkc", "casefold"]},
    {"parser": "json", "field": "a"},
    {"parser": "tags"},
    {"parser": "mentions"},
)
ODD = st.text(max_size=12) | st.sampled_from(
    ["", "[]", '["B-pers", "O"]', "B-pers O", "Aias\tpers", '{"a": "ja"}', "ja", "\0", "\u202e"]
)


def test_there_is_a_measure_for_every_name_that_an_experiment_may_declare():
    assert set(MEASURES) == set(get_args(ScoreName))
    assert all(one.version == f"{name}/1" for name, one in MEASURES.items())
    assert {n for n in MEASURES if n.endswith("error_rate")} == LOWER_IS_BETTER


def test_every_measure_and_parser_is_defined_in_the_documents():
    page = (Path(__file__).parents[3] / "docs" / "scores.md").read_text(encoding="utf-8")
    for one in MEASURES.values():
        family = re.sub("entity_.*_", "entity_…_", one.version)
        assert f"`{family}`" in page, one.version
    assert all(f"`{version}`" in page for version in VERSIONS.values())


def test_an_unknown_score_is_refused_by_name():
    with pytest.raises(InvalidInput, match=r"exact_match, character_error_rate.* found 'cer'"):
        measure("cer")


@settings(max_examples=25)
@given(ODD, ODD, ODD, st.sampled_from(PARSERS))
def test_whatever_the_texts_every_measure_gives_whole_numbers(output, reference, source, answer):
    judged = texts(output, reference, source, **answer)
    for one in MEASURES.values():
        counts = one.counts(judged)
        assert all(type(number) is int for numbers in counts.values() for number in numbers)
        value = one.value(counts)
        assert value is None or isinstance(value, float)
        if one.proportion:
            assert value in (None, 0.0, 1.0)


def test_measures_of_single_answers_have_a_mean_and_one_item_value():
    for one in MEASURES.values():
        names = [each.name for each in one.aggregations]
        assert ("mean_of_ratios" in names) == (one.item is not None)
        assert len(set(names)) == len(names)


def test_counts_add_up_key_by_key_as_often_as_is_said():
    sums = {("a",): (1, 2)}
    add(sums, {("a",): (10, 20), ("b",): (3, 4)}, times=2)
    assert sums == {("a",): (21, 42), ("b",): (6, 8)}


def test_sums_of_nothing_have_no_value():
    for one in MEASURES.values():
        for each in one.aggregations:
            if isinstance(each, OfSums):
                assert each.value({}) is None


def test_a_ratio_without_denominator_is_undefined():
    assert Ratio(3, 0).value is None
    assert Ratio(3, 4).value == 0.75


def test_two_aggregations_of_one_score_may_rank_two_models_otherwise():
    one = [texts("aaaaaaaaab", "aaaaaaaaaa"), texts("xx", "aa")]
    other = [texts("aaaaaabbbb", "aaaaaaaaaa"), texts("aa", "aa")]
    for aggregation, better in (("corpus", one), ("mean_of_ratios", other)):
        values = [aggregated("character_error_rate", aggregation, each) for each in (one, other)]
        assert min(values) == values[[one, other].index(better)]

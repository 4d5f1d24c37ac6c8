import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.scores.measures import MEASURES, Ratio, character_error_rate, word_error_rate
from scores.measures.answers import aggregated, texts, value

# Of words without white space at the ends, so that jiwer has nothing to trim or to split otherwise.
WORDS = st.lists(st.sampled_from(["und", "er", "ſprach", "über", "a"]), min_size=1, max_size=6)
TEXTS = WORDS.map(" ".join)


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("und er sprach", "und er sprach", Ratio(0, 13)),
        ("vnd er sprach", "und er sprach", Ratio(1, 13)),
        ("", "abc", Ratio(3, 3)),
        ("abcdef", "abc", Ratio(3, 3)),
        ("abcdefgh", "ab", Ratio(6, 2)),
        ("kitten", "sitting", Ratio(3, 7)),
        ("u\u0308ber", "über", Ratio(2, 4)),
        ("abc\n", " abc", Ratio(0, 3)),
    ],
)
def test_character_error_rate_counts_edits_in_code_points(output, reference, expected):
    assert character_error_rate(output, reference) == expected


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("the cat sat", "the cat sat", Ratio(0, 3)),
        ("the  cat\nsat on", "the cat sat", Ratio(1, 3)),
        ("cat the sat", "the cat sat", Ratio(2, 3)),
        ("", "the cat", Ratio(2, 2)),
        ("Katze.", "Katze", Ratio(1, 1)),
    ],
)
def test_word_error_rate_counts_edits_in_words(output, reference, expected):
    assert word_error_rate(output, reference) == expected


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_the_rates_are_those_of_jiwer(pairs):
    outputs, references = [o for o, _ in pairs], [r for _, r in pairs]
    answers = [texts(output, reference) for output, reference in pairs]
    for output, reference in pairs:
        assert value("character_error_rate", output, reference) == jiwer.cer(reference, output)
        assert value("word_error_rate", output, reference) == jiwer.wer(reference, output)
    assert aggregated("character_error_rate", "corpus", answers) == jiwer.cer(references, outputs)
    assert aggregated("word_error_rate", "corpus", answers) == jiwer.wer(references, outputs)


@pytest.mark.parametrize(
    "name",
    [
        "character_error_rate",
        "word_error_rate",
        "source_character_error_rate",
        "character_error_reduction",
    ],
)
def test_an_empty_reference_leaves_an_answer_out_of_every_aggregate(name):
    measure = MEASURES[name]
    assert measure.counts(texts("some text", " \n", "source")) == {}
    assert not measure.defined({})
    answers = [texts("ab", "abc", "abd"), texts("some text", "", "source")]
    for aggregation in measure.aggregations:
        assert aggregated(name, aggregation.name, answers) == aggregated(
            name, aggregation.name, answers[:1]
        )


def test_the_baseline_is_the_error_rate_of_the_source():
    assert value("source_character_error_rate", "anything", "Haus", "Hauf") == 0.25


def test_three_aggregations_of_the_same_reduction_disagree_in_sign():
    # A short text made much worse, a long one made better: 1 to 3 edits of 4, 20 to 10 of 100.
    answers = [
        texts("XXXs", "Haus", "Xaus"),
        texts("b" * 10 + "a" * 90, "a" * 100, "b" * 20 + "a" * 80),
    ]
    assert aggregated("character_error_reduction", "mean_of_ratios", answers) == (-2 + 0.5) / 2
    assert aggregated("character_error_reduction", "corpus", answers) == (21 - 13) / 21
    assert aggregated("character_error_reduction", "ratio_of_means", answers) == pytest.approx(
        ((0.25 + 0.2) - (0.75 + 0.1)) / (0.25 + 0.2)
    )


def test_a_source_without_errors_has_no_reduction_but_counts_in_the_corpus():
    answers = [texts("Hxus", "Haus", "Haus"), texts("Haus", "Haus", "Hxxs")]
    measure = MEASURES["character_error_reduction"]
    assert not measure.defined(measure.counts(answers[0]))
    assert aggregated("character_error_reduction", "mean_of_ratios", answers) == 1.0
    assert aggregated("character_error_reduction", "corpus", answers) == 0.5


def test_nothing_is_reduced_where_no_source_has_an_error():
    answers = [texts("Haus", "Haus", "Haus")]
    for aggregation in MEASURES["character_error_reduction"].aggregations[1:]:
        assert aggregated("character_error_reduction", aggregation.name, answers) is None

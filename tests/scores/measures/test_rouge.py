import pytest

from reprollm.scores.measures import MEASURES
from scores.measures.answers import aggregated, texts, value


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        # Lin 2004, section 3.1: S1 against S2 and S3, with beta = 1.
        ("police kill the gunman", "police killed the gunman", 3 / 4),
        ("the gunman kill police", "police killed the gunman", 2 / 4),
        ("Über Allem", "über allem", 1.0),
        ("a b c d e f", "a f", 2 * 2 / 8),
    ],
)
def test_rouge_l_is_the_longest_common_subsequence_of_words(output, reference, expected):
    assert value("rouge_l", output, reference) == expected


def test_the_corpus_sums_words():
    answers = [texts("a b", "a b"), texts("x", "a b c")]
    assert aggregated("rouge_l", "corpus", answers) == 4 / 8
    assert aggregated("rouge_l", "mean_of_ratios", answers) == 0.5
    assert MEASURES["rouge_l"].counts(answers[1]) == {(): (0, 4)}

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support

from reprollm.scores.measures import MEASURES
from scores.measures.answers import aggregated, summed, texts

GOLD = st.sampled_from(["a", "b", "c"])
SAID = st.sampled_from(["a", "b", "c", "d", "nothing"])  # the last is no label


def judged(gold, said):
    return texts(said, gold, parser="labels", labels=["a", "b", "c", "d"])


@settings(max_examples=25)
@given(st.lists(st.tuples(GOLD, SAID), min_size=1, max_size=12))
def test_precision_recall_and_f1_are_those_of_scikit_learn(pairs):
    answers = [judged(*pair) for pair in pairs]
    gold = [g for g, _ in pairs]
    said = ["" if s == "nothing" else s for _, s in pairs]
    labels = sorted({*gold, *said} - {""})
    for average in ("micro", "macro"):
        theirs = precision_recall_fscore_support(
            gold, said, labels=labels, average=average, zero_division=0
        )
        for name, expected in zip(("precision", "recall", "f1"), theirs, strict=False):
            assert aggregated(name, average, answers) == pytest.approx(expected, abs=1e-12)
    theirs = precision_recall_fscore_support(gold, said, labels=labels, zero_division=0)
    for name, expected in zip(("precision", "recall", "f1"), theirs, strict=False):
        for label, of_label in zip(labels, expected, strict=True):
            found = aggregated(name, "label", answers, label)
            assert found == pytest.approx(of_label, abs=1e-12)


@settings(max_examples=25)
@given(st.lists(st.tuples(GOLD, SAID), min_size=1, max_size=12))
def test_kappa_is_that_of_scikit_learn(pairs):
    gold = [g for g, _ in pairs]
    said = ["" if s == "nothing" else s for _, s in pairs]
    ours = aggregated("cohens_kappa", "corpus", [judged(*pair) for pair in pairs])
    if len({*gold, *said}) == 1:
        assert ours is None
    else:
        assert ours == pytest.approx(cohen_kappa_score(gold, said), abs=1e-12)


def test_counts_by_hand():
    answers = [judged(*pair) for pair in [("a", "a"), ("a", "b"), ("b", "b"), ("b", "nothing")]]
    assert summed("f1", answers) == {
        ("a", "a"): (1,),
        ("a", "b"): (1,),
        ("b", "b"): (1,),
        ("b", ""): (1,),
    }
    assert aggregated("precision", "micro", answers) == 2 / 3
    assert aggregated("recall", "micro", answers) == 2 / 4
    assert aggregated("f1", "micro", answers) == 4 / 7
    assert aggregated("precision", "label", answers, "a") == 1.0
    assert aggregated("f1", "label", answers, "b") == 2 / 4
    assert aggregated("f1", "macro", answers) == math.fsum([2 / 3, 2 / 4]) / 2


def test_only_labels_of_the_references_have_rows_but_others_lower_the_macro_mean():
    answers = [texts("a", "a"), texts("rubbish", "a")]
    row = MEASURES["f1"].aggregations[2]
    assert row.labels(summed("f1", answers)) == ("a",)
    assert aggregated("f1", "macro", answers) == (2 / 3 + 0) / 2
    assert aggregated("f1", "label", answers, "b") is None


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "cohens_kappa"])
def test_without_answers_nothing_is_defined(name):
    for aggregation in MEASURES[name].aggregations[:2]:
        assert aggregation.value({}) is None


def test_a_label_stands_as_it_is_declared_however_it_was_written():
    settings = {"parser": "labels", "labels": ["Schäfer", "Edelmann"], "normalise": ["casefold"]}
    answers = [texts("SCHÄFER.", "schäfer", **settings), texts("Edelmann", "schäfer", **settings)]
    assert summed("f1", answers) == {("Schäfer", "Schäfer"): (1,), ("Schäfer", "Edelmann"): (1,)}

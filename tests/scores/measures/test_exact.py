import pytest
from sklearn.metrics import accuracy_score

from reprollm.scores.measures import MEASURES, Ratio, exact_match
from scores.measures.answers import aggregated, texts, value


def test_exact_match_ignores_only_white_space_at_the_ends():
    assert exact_match("abc \n", "abc") == Ratio(1, 1)
    assert exact_match("a bc", "abc") == Ratio(0, 1)
    assert exact_match("Abc", "abc") == Ratio(0, 1)


def test_exact_match_holds_the_parsed_answer_against_the_reference():
    assert value("exact_match", "Antwort: 1813.", "1813", parser="regex", pattern=r"\d+") == 1.0
    assert value("exact_match", "no number", "no number", parser="regex", pattern=r"\d+") == 1.0


def test_an_output_without_an_answer_is_wrong_and_never_dropped():
    answers = [
        texts(output, "Ja", parser="labels", labels=["Ja", "Nein"], refusals=["cannot"])
        for output in ("Ja", "Nein", "vielleicht", "", "I cannot say")
    ]
    assert aggregated("accuracy", "mean_of_ratios", answers) == 1 / 5
    assert [each.parsed.status for each in answers] == [
        "answered",
        "answered",
        "unparsed",
        "empty",
        "refused",
    ]


def test_accuracy_is_that_of_scikit_learn():
    gold, said = list("aabbbc"), list("abbbca")
    answers = [texts(s, g) for s, g in zip(said, gold, strict=True)]
    assert aggregated("accuracy", "mean_of_ratios", answers) == accuracy_score(gold, said)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "cohens_kappa"])
def test_an_empty_reference_is_no_label(name):
    assert MEASURES[name].counts(texts("", " ")) == {}

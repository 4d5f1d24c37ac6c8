import pytest

from reprollm.experiment.scoring import AnswerSettings, check_scores


@pytest.mark.parametrize("parser", ["tags", "mentions"])
def test_scores_of_mentions_need_a_parser_of_mentions(parser):
    check_scores(["entity_f1_strict", "entity_recall_fuzzy"], AnswerSettings(parser=parser))
    with pytest.raises(
        ValueError, match=f"entity scores alone with answer.parser {parser}, found accuracy"
    ):
        check_scores(["entity_f1_strict", "accuracy"], AnswerSettings(parser=parser))


def test_scores_of_texts_need_a_parser_of_texts():
    check_scores(["accuracy", "chrf"], AnswerSettings(parser="labels", labels=("Ja",)))
    check_scores(["exact_match"], None)
    with pytest.raises(ValueError, match="for the score entity_f1_fuzzy, found text"):
        check_scores(["entity_f1_fuzzy"], None)

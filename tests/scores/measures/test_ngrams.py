import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from reprollm.scores.measures import MEASURES
from reprollm.scores.measures.ngrams import tokens_13a
from scores.measures.answers import aggregated, texts, value

LETTERS = st.text(alphabet="abc Äſ.,-1&;<>\n/'", max_size=20)
REFERENCES = LETTERS.filter(lambda text: tokens_13a(text))
PAIRS = st.lists(st.tuples(LETTERS, REFERENCES), min_size=1, max_size=4)


@settings(max_examples=25)
@given(PAIRS)
def test_chrf_is_that_of_sacrebleu(pairs):
    answers = [texts(output, reference) for output, reference in pairs]
    for output, reference in pairs:
        theirs = CHRF().sentence_score(output, [reference]).score
        assert value("chrf", output, reference) == pytest.approx(theirs, abs=1e-12)
    theirs = CHRF().corpus_score([o for o, _ in pairs], [[r for _, r in pairs]]).score
    assert aggregated("chrf", "corpus", answers) == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=25)
@given(PAIRS)
def test_bleu_is_that_of_sacrebleu(pairs):
    pairs = [(output.strip(), reference.strip()) for output, reference in pairs]
    answers = [texts(output, reference) for output, reference in pairs]
    for output, reference in pairs:
        theirs = BLEU(effective_order=True).sentence_score(output, [reference]).score
        assert value("bleu", output, reference) == pytest.approx(theirs, abs=1e-9)
    theirs = BLEU().corpus_score([o for o, _ in pairs], [[r for _, r in pairs]]).score
    assert aggregated("bleu", "corpus", answers) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Das Haus, 3,5 Meter.", ["Das", "Haus", ",", "3,5", "Meter", "."]),
        ("1813-15 und so-", ["1813", "-", "15", "und", "so-"]),
        ("&quot;Ja&quot; &lt;b&gt;", ['"', "Ja", '"', "<", "b", ">"]),
        ("ge-\ntrennt", ["getrennt"]),
        ("ſo <skipped>„ja“", ["ſo", "„ja“"]),
    ],
)
def test_tokens_are_those_of_the_definition(text, tokens):
    assert tokens_13a(text) == tokens


def test_bleu_of_a_worked_example():
    # Five tokens of six; matches 5, 3, 2, 1 of n-grams 5, 4, 3, 2; shorter than the reference.
    counts = MEASURES["bleu"].counts(texts("the cat sat on mat", "the cat sat on the mat"))
    assert counts == {(): (5, 6, 5, 3, 2, 1, 5, 4, 3, 2)}
    expected = 100 * math.exp(1 - 6 / 5) * (1 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert MEASURES["bleu"].value(counts) == pytest.approx(expected)


def test_chrf_of_a_worked_example():
    # "ab" of "abc": one gram fits of 2 and 3 (1), one of 1 and 2 (2), none of 0 and 1 (3).
    counts = MEASURES["chrf"].counts(texts("ab", "a b c"))
    assert counts == {(): (2, 3, 2, 1, 2, 1, 0, 1, 0, *[0] * 9)}
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    expected = 100 * 5 * precision * recall / (4 * precision + recall)
    assert MEASURES["chrf"].value(counts) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["chrf", "bleu", "rouge_l"])
def test_an_empty_output_scores_nothing_and_an_empty_reference_is_left_out(name):
    assert value(name, "", "ein Satz") == 0.0
    assert MEASURES[name].counts(texts("ein Satz", "")) == {}


def test_many_texts_do_not_fill_the_memory_of_the_tokenizer():
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    for number in range(1_500):
        tokens_13a(f"Satz {number}")
    assert Tokenizer13a.__call__.cache_info().currsize <= 1_024

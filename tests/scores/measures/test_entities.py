import json

import pytest

from reprollm.scores.measures import MEASURES
from scores.measures.answers import aggregated, summed, texts, value


def tagged(said: str, expected: str):
    return texts(said, json.dumps(expected.split()), parser="tags")


# Counted by hand from the cases of the definition: what is said, the reference, and by type TP, FP
# and FN, strict and fuzzy.
CASES = {
    "the same": ("B-pers I-pers O", "B-pers I-pers O", "PERS 1 0 0", "PERS 1 0 0"),
    "missed": ("O O O", "O B-loc O", "LOC 0 0 1", "LOC 0 0 1"),
    "spurious": ("O B-loc O", "O O O", "LOC 0 1 0", "LOC 0 1 0"),
    "a wrong type counts under that of the reference": (
        "B-loc O",
        "B-pers O",
        "PERS 0 1 1",
        "PERS 0 1 1",
    ),
    "shorter": ("B-pers O O", "B-pers I-pers O", "PERS 0 1 1", "PERS 1 0 0"),
    "longer": ("B-pers I-pers I-pers", "O B-pers O", "PERS 0 1 1", "PERS 1 0 0"),
    "overlap with another type": ("B-loc I-loc O", "O B-pers I-pers", "PERS 0 1 1", "PERS 0 1 1"),
    "of two halves one fits and one is left over": (
        "B-pers B-pers O",
        "B-pers I-pers O",
        "PERS 0 2 1",
        "PERS 1 1 0",
    ),
    "one over two takes the first, of whatever type": (
        "B-pers I-pers",
        "B-loc B-pers",
        "LOC 0 1 1, PERS 0 0 1",
        "LOC 0 1 1, PERS 0 0 1",
    ),
    "a type that changes begins a mention": (
        "I-pers I-loc",
        "B-pers B-loc",
        "PERS 1 0 0, LOC 1 0 0",
        "PERS 1 0 0, LOC 1 0 0",
    ),
    "IOBES, in small letters and with underscores": (
        "s-pers _ b-LOC e-loc",
        "B-pers O B-loc I-loc",
        "PERS 1 0 0, LOC 1 0 0",
        "PERS 1 0 0, LOC 1 0 0",
    ),
}


def read(counts: str) -> dict[tuple[str, ...], tuple[int, ...]]:
    rows = (row.split() for row in counts.split(", "))
    return {(kind,): tuple(map(int, numbers)) for kind, *numbers in rows}


@pytest.mark.parametrize(("said", "expected", "strict", "fuzzy"), CASES.values(), ids=CASES)
def test_mentions_are_counted_as_the_hipe_scorer_does(said, expected, strict, fuzzy):
    answer = tagged(said, expected)
    for scheme, counts in (("strict", strict), ("fuzzy", fuzzy)):
        assert MEASURES[f"entity_f1_{scheme}"].counts(answer) == read(counts)


def test_values_by_hand():
    answers = [
        tagged("B-pers O B-loc O", "B-pers I-pers O B-loc"),
        tagged("B-pers O", "B-pers O"),
        tagged("O O", "O B-loc"),
    ]
    assert summed("entity_f1_strict", answers) == {("PERS",): (1, 1, 1), ("LOC",): (0, 1, 2)}
    assert summed("entity_f1_fuzzy", answers) == {("PERS",): (2, 0, 0), ("LOC",): (0, 1, 2)}
    assert aggregated("entity_precision_strict", "corpus", answers) == 1 / 3
    assert aggregated("entity_recall_strict", "corpus", answers) == 1 / 4
    assert aggregated("entity_f1_strict", "corpus", answers) == 2 / 7
    assert aggregated("entity_f1_fuzzy", "corpus", answers) == 4 / 7
    assert aggregated("entity_f1_fuzzy", "label", answers, "PERS") == 1.0
    assert aggregated("entity_f1_fuzzy", "mean_of_ratios", answers) == (0.5 + 1 + 0) / 3
    assert aggregated("entity_precision_fuzzy", "mean_of_ratios", answers) == (0.5 + 1) / 2


def test_an_answer_without_mentions_counts_where_there_are_some_to_be_found():
    assert value("entity_f1_strict", "rubbish", '["B-pers"]', parser="tags") == 0.0
    assert value("entity_precision_strict", "", '["B-pers"]', parser="tags") is None
    assert MEASURES["entity_f1_strict"].counts(tagged("O", "O")) == {}


def test_types_that_no_reference_has_are_wrong_but_have_no_row():
    sums = summed("entity_f1_strict", [tagged("B-pers B-elf", "B-pers O")])
    assert sums == {("PERS",): (1, 0, 0), ("ELF",): (0, 1, 0)}
    assert MEASURES["entity_f1_strict"].aggregations[2].labels(sums) == ("PERS",)


@pytest.mark.parametrize("reference", ["", "B-pers O", '{"a": 1}', '["B-pers", 3]', '["X-pers"]'])
def test_a_reference_that_is_no_list_of_tags_leaves_the_answer_out(reference):
    assert MEASURES["entity_f1_strict"].counts(texts("B-pers O", reference, parser="tags")) == {}


def test_mentions_in_lines_are_looked_up_in_the_source():
    source = json.dumps(["Aias", "sah", "Soph", ".", "Ant", ".", "1"])
    reference = json.dumps(["B-pers", "O", "B-work", "I-work", "I-work", "I-work", "I-work"])
    said = "Aias\tpers\nSoph. Ant.\twork\nHektor\tpers\n"
    answer = texts(said, reference, source, parser="mentions")
    counts = MEASURES["entity_f1_fuzzy"].counts(answer)
    assert counts == {("PERS",): (1, 1, 0), ("WORK",): (1, 0, 0)}

"""The experiment hipe-ajmc on a commentary of our own: what is counted, counted by hand.

comment_1:1  Aias zürnt den Atriden .           PERS Aias, PERS Atriden
comment_1:2  Vgl . Antigone 12 f .              WORK Antigone, SCOPE 12 f .
comment_2:1  Königin Elektra kehrt nach Mykene zurück .
                                                PERS Königin Elektra, LOC Mykene
comment_2:2  So die Handſchrift .               none
comment_2:3  Ebenda Troja und Argos             LOC Troja, LOC Argos
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiments.known import Workspace, answered, both, values, workspace
from reprollm.experiment.importers.conll import TokenTable
from reprollm.ledger.projection import opened
from reprollm.scores.read import Estimate, estimates

FILE = "HIPE-2022-v2.1-ajmc-dev-de.tsv"
ITEMS = ("comment_1:1", "comment_1:2", "comment_2:1", "comment_2:2", "comment_2:3")

# One answer, and what it counts: [type, TP, FP, FN], strict and fuzzy.
CASES = {
    # Both persons, on their tokens: TP 2.
    ("plain", "comment_1:1"): (
        "Aias\tpers\nAtriden\tpers",
        [["PERS", 2, 0, 0]],
        [["PERS", 2, 0, 0]],
    ),
    # The work is right. Of the scope one token of three: strict FP and FN, fuzzy TP.
    ("plain", "comment_1:2"): (
        "Antigone\twork\n12\tscope",
        [["SCOPE", 0, 1, 1], ["WORK", 1, 0, 0]],
        [["SCOPE", 1, 0, 0], ["WORK", 1, 0, 0]],
    ),
    # Elektra is half of Königin Elektra: strict FP and FN, fuzzy TP. Mykene is no person: FP and FN
    # under the reference's type by either.
    ("plain", "comment_2:1"): (
        "Elektra\tpers\nMykene\tpers",
        [["LOC", 0, 1, 1], ["PERS", 0, 1, 1]],
        [["LOC", 0, 1, 1], ["PERS", 1, 0, 0]],
    ),
    # Nobody of that name stands there: FP under the answer's type.
    ("plain", "comment_2:2"): ("Hektor\tpers", [["PERS", 0, 1, 0]], [["PERS", 0, 1, 0]]),
    # Not one line with a tabulator: unparsed, both places missed.
    ("plain", "comment_2:3"): ("ich weiß es nicht", [["LOC", 0, 0, 2]], [["LOC", 0, 0, 2]]),
    # Aias is no place: FP and FN under PERS. Atriden is right: TP.
    ("example", "comment_1:1"): (
        "Aias\tloc\nAtriden\tpers",
        [["PERS", 1, 1, 1]],
        [["PERS", 1, 1, 1]],
    ),
    # The scope is right though it is said first, and without the spaces of its tokens. The work has
    # two tokens too many: strict FP and FN, fuzzy TP.
    ("example", "comment_1:2"): (
        "12 f.\tscope\nVgl. Antigone\tWORK",
        [["SCOPE", 1, 0, 0], ["WORK", 0, 1, 1]],
        [["SCOPE", 1, 0, 0], ["WORK", 1, 0, 0]],
    ),
    # Both are right; Elektra once more has no free token, is nowhere: FP. The talk does not count.
    ("example", "comment_2:1"): (
        "Gern:\nKönigin  Elektra\tpers\nElektra\tpers\nMykene\tloc",
        [["LOC", 1, 0, 0], ["PERS", 1, 1, 0]],
        [["LOC", 1, 0, 0], ["PERS", 1, 1, 0]],
    ),
    # Empty, and there is nothing to find: no counts, undefined.
    ("example", "comment_2:2"): (" \n", [], []),
    # One mention over both places. Strict: FP, FN and the other FN. Fuzzy: TP of the first, FN.
    ("example", "comment_2:3"): ("Troja und Argos\tloc", [["LOC", 0, 1, 2]], [["LOC", 1, 0, 1]]),
}

# Score and aggregation: strict and fuzzy, by cell. Sums of the cases, which are:
#   plain    strict  PERS 2 2 1, WORK 1 0 0, SCOPE 0 1 1, LOC 0 1 3   all TP 3, FP 4, FN 5
#            fuzzy   PERS 3 1 0, WORK 1 0 0, SCOPE 1 0 0, LOC 0 1 3   all TP 5, FP 2, FN 3
#   example  strict  PERS 2 2 1, WORK 0 1 1, SCOPE 1 0 0, LOC 1 1 2   all TP 4, FP 4, FN 4
#            fuzzy   PERS 2 2 1, WORK 1 0 0, SCOPE 1 0 0, LOC 2 0 1   all TP 6, FP 2, FN 2
CORPUS = {
    # F1 = 2 TP / (2 TP + FP + FN): 6/15, 10/15; 8/16, 12/16.
    "f1": {"plain": ("0.400000", "0.666667"), "example": ("0.500000", "0.750000")},
    # TP / (TP + FP): 3/7, 5/7; 4/8, 6/8.
    "precision": {"plain": ("0.428571", "0.714286"), "example": ("0.500000", "0.750000")},
    # TP / (TP + FN): 3/8, 5/8; 4/8, 6/8.
    "recall": {"plain": ("0.375000", "0.625000"), "example": ("0.500000", "0.750000")},
}
MEANS = {
    # Of the sentences' F1. plain: 1, 2/4, 0/4, 0/1, 0/2 and 1, 1, 2/4, 0, 0, of 5 each.
    # example: 2/4, 2/4, 4/5, 0/3 and 2/4, 1, 4/5, 2/3, of 4 each: one sentence has nothing to find.
    "f1": {"plain": ("0.300000", "0.500000"), "example": ("0.450000", "0.741667")},
    # plain: 1, 1/2, 0/2, 0/1 and 1, 1, 1/2, 0; where nothing is predicted there is none.
    # example: 1/2, 1/2, 2/3, 0/1 and 1/2, 1, 2/3, 1.
    "precision": {"plain": ("0.375000", "0.625000"), "example": ("0.416667", "0.791667")},
    # plain: 1, 1/2, 0, 0 and 1, 1, 1/2, 0; the sentence without names has none.
    # example: 1/2, 1/2, 1, 0 and 1/2, 1, 1, 1/2.
    "recall": {"plain": ("0.375000", "0.625000"), "example": ("0.500000", "0.750000")},
}
TYPES = {
    # plain, strict: 4/7, 2/2, 0/2, 0/4; fuzzy: 6/7, 2/2, 2/2, 0/4.
    "plain": {
        "PERS": ("0.571429", "0.857143"),
        "WORK": ("1.000000", "1.000000"),
        "SCOPE": ("0.000000", "1.000000"),
        "LOC": ("0.000000", "0.000000"),
    },
    # example, strict: 4/7, 0/2, 2/2, 2/5; fuzzy: 4/7, 2/2, 2/2, 4/5.
    "example": {
        "PERS": ("0.571429", "0.571429"),
        "WORK": ("0.000000", "1.000000"),
        "SCOPE": ("1.000000", "1.000000"),
        "LOC": ("0.400000", "0.800000"),
    },
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Estimate]]:
    """A ledger in which the answers are those of the cases, and its estimates."""
    place = put(tmp_path_factory.mktemp("hipe-ajmc"))
    said = {(f"{cell}/greedy", item): output for (cell, item), (output, *_) in CASES.items()}
    return place.ledger, answered(place, said)


def put(folder: Path) -> Workspace:
    return workspace(folder, "hipe-ajmc", FILE, "commentary.tsv")


def test_the_file_is_read_in_sentences_as_they_were_printed() -> None:
    rows = TokenTable(unit="sentence").read(Path(__file__).parent / "texts/commentary.tsv").rows
    assert [(row.cells["id"], row.cells["text"]) for row in rows] == [
        ("comment_1:1", "Aias zürnt den Atriden."),
        ("comment_1:2", "Vgl. Antigone 12 f."),
        ("comment_2:1", "Königin Elektra kehrt nach Mykene zurück."),
        ("comment_2:2", "So die Handſchrift."),
        ("comment_2:3", "Ebenda Troja und Argos"),
    ]
    assert [row.cells["document"] for row in rows] == ["comment_1"] * 2 + ["comment_2"] * 3
    assert [row.cells["invented:page"] for row in rows] == ["1"] * 2 + ["2"] * 3


def test_every_case_counts_what_was_counted_by_hand(
    counted: tuple[Path, list[Estimate]],
) -> None:
    [table] = (counted[0] / "scores").glob("*.parquet")
    counts = {
        (row["sampling"], row["item"], row["score"]): json.loads(row["counts"])
        for row in pq.read_table(table).to_pylist()
    }
    for (cell, item), (_, strict, fuzzy) in CASES.items():
        for name in ("f1", "precision", "recall"):
            assert counts[f"{cell}/greedy", item, f"entity_{name}_strict"] == strict, (cell, item)
            assert counts[f"{cell}/greedy", item, f"entity_{name}_fuzzy"] == fuzzy, (cell, item)


@pytest.mark.parametrize("cell", ["plain", "example"])
def test_sums_and_means_are_those_of_the_cases(
    counted: tuple[Path, list[Estimate]], cell: str
) -> None:
    value = values(counted[1], f"{cell}/greedy")
    for wanted, aggregation in ((CORPUS, "corpus"), (MEANS, "mean_of_ratios")):
        for name, by_cell in wanted.items():
            found = [value(f"entity_{name}_{way}", aggregation) for way in ("strict", "fuzzy")]
            assert tuple(found) == by_cell[cell], (name, aggregation)
    for kind, of_type in TYPES[cell].items():
        found = [value(f"entity_f1_{way}", "label", kind) for way in ("strict", "fuzzy")]
        assert tuple(found) == of_type, kind


def test_answers_that_are_none_are_counted(counted: tuple[Path, list[Estimate]]) -> None:
    whole = {
        row.sampling: row
        for row in counted[1]
        if (row.level, row.score, row.aggregation) == ("all", "entity_f1_fuzzy", "corpus")
    }
    plain, example = whole["plain/greedy"], whole["example/greedy"]
    assert (plain.n, plain.clusters, plain.undefined) == (5, 2, 0)
    assert (example.n, example.clusters, example.undefined) == (5, 2, 1)
    assert (plain.counted["answered"], plain.counted["unparsed"]) == (4, 1)
    assert (example.counted["answered"], example.counted["empty"]) == (4, 1)
    # Both documents of example have 3 1 1, and so the same F1.
    assert (plain.warnings, example.warnings) == (("unparsed",), ("no-variation",))


def test_the_comparison_is_of_the_corpus_and_swaps_whole_documents(
    counted: tuple[Path, list[Estimate]],
) -> None:
    with opened(counted[0]) as connection:
        [record] = connection.execute("SELECT canon FROM log WHERE kind = 'comparison'").fetchall()
    evidence = json.loads(record[0])["evidence"]
    # All five sentences count. TP, FP, FN by document: example 3 1 1 and 3 1 1, plain 4 0 0 and
    # 1 2 3. Together 6 2 2 against 5 2 3, F1 12/16 against 10/15, difference 1/12. With a document
    # swapped it is 7 1 1 and 4 3 4, 14/16 and 8/15, or the other way, more than 1/12 each: of the
    # four ways to swap none brings the difference nearer to nothing, so that p is 4/4. Both drawn
    # twice are the ends of the interval: 6/8 - 8/8 and 6/8 - 2/7.
    assert evidence["pairs"] == {
        "items": 5, "clusters": 2, "only_of": 0, "only_against": 0, "undefined": 0
    }  # fmt: skip
    assert evidence["aggregation"] == "corpus"
    assert (evidence["of"]["value"], evidence["against"]["value"]) == ("0.750000", "0.666667")
    effect, test = evidence["effect"], evidence["test"]
    assert (effect["difference"], effect["low"], effect["high"]) == (
        "0.083333", "-0.250000", "0.464286"
    )  # fmt: skip
    assert (effect["better"], effect["equal"], effect["worse"]) == (None, None, None)
    assert (test["name"], test["moved"], test["p"]) == ("sign-flip-exact", 2, "1")
    assert effect["standardised"] is None
    assert (evidence["favours"], evidence["warnings"]) == ("of", [])


def test_the_demo_s_model_answers_and_no_answer_is_dropped(tmp_path: Path) -> None:
    place = put(tmp_path)
    done = place.reprollm("run", "hipe-ajmc", "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert both(place.ledger) == []
    with opened(place.ledger) as connection:
        [[made]] = connection.execute(
            "SELECT DISTINCT run FROM log WHERE kind = 'start'"
        ).fetchall()
        outputs = connection.execute(
            "SELECT sampling, item, output FROM answers ORDER BY ALL"
        ).fetchall()
    assert [(cell, item) for cell, item, _ in outputs] == [
        (cell, item) for cell in ("example/greedy", "plain/greedy") for item in ITEMS
    ]
    # The model respells and has no tabulator to say, so that every mention is missed.
    said = {cell: [text for of, _, text in outputs if of == cell] for cell, _, _ in outputs}
    for row in estimates(place.ledger, made):
        if row.level == "all":
            spoken = sum(bool(text.strip()) for text in said[row.sampling])
            assert not any("\t" in text for text in said[row.sampling])
            assert row.counted["unparsed"] == spoken
            assert (row.n, row.counted["empty"]) == (5, 5 - spoken)
            recall = row.score.startswith("entity_recall") and row.aggregation == "corpus"
            assert not recall or row.value == "0.000000"


def test_a_checkout_without_the_data_says_so_in_one_sentence(tmp_path: Path) -> None:
    place = workspace(tmp_path, "hipe-ajmc", FILE, None)
    said = place.reprollm("plan", "hipe-ajmc")
    assert said.returncode == 3
    [line] = said.stderr.splitlines()
    assert f"data/{FILE}" in line and "'data.file'" in line

"""The experiment pfandung on a play of our own: what is counted, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.known import CHECKOUT, TEXTS, Workspace, answered, both, values, workspace
from reprollm.experiment.config import ExperimentConfig
from reprollm.experiment.document import read_document
from reprollm.experiment.importers.tei import Tei
from reprollm.ledger.projection import opened
from reprollm.scores.read import Estimate, estimates
from reprollm.scores.settings import Settings
from scores.answers import answer, one, rows

FILE = "leisewitz-die-pfandung.xml"
FRAU, MANN, BOTH = "#die_frau", "#der_mann", "#der_mann #die_frau"

# Item, who speaks, answer, what it counts.
SAID = (
    ("1", MANN, "der_mann"),  # right
    ("2", FRAU, "Der_Mann."),  # a label in other letters and with a full stop: wrong
    ("drittens", MANN, "#der_mann\nweil er fragt"),  # the first line is a label: right
    ("4", FRAU, "**die_frau**"),  # right
    ("5", BOTH, "der_mann"),  # two speak, and both at once are no declared label: wrong
    ("6", FRAU, "Das weiß ich nicht."),  # unparsed: wrong, predicted is the empty label
)
# Gold against predicted, of 6:
#            der_mann  die_frau  none   sum
#   der_mann        2         0     0     2
#   die_frau        1         1     1     3
#   both            1         0     0     1
#   sum             4         1     1
WANTED = {
    # 3 of 6 are right.
    ("accuracy", "mean_of_ratios", None): "0.500000",
    # 2 TP / (2 TP + FP + FN): der_mann 4/(4 + 2 + 0), die_frau 2/(2 + 0 + 2), both 0/(0 + 0 + 1).
    ("f1", "label", "der_mann"): "0.666667",
    ("f1", "label", "die_frau"): "0.500000",
    ("f1", "label", BOTH): "0.000000",
    # (2/3 + 1/2 + 0) / 3.
    ("f1", "macro", None): "0.388889",
    # TP 3, FP 2, FN 3: 6/11.
    ("f1", "micro", None): "0.545455",
    # E = 2·4 + 3·1 + 1·0 + 0·1 = 11; (6·3 - 11) / (36 - 11) = 7/25.
    ("cohens_kappa", "corpus", None): "0.280000",
}

# Who speaks, the answers; accuracy, F1 macro and micro, kappa.
M, F = MANN, FRAU
FURTHER = {
    "all are right": (
        # E = 2·2 + 2·2 = 8; (4·4 - 8) / (16 - 8) = 1.
        [(M, "der_mann"), (F, "die_frau"), (M, "der_mann"), (F, "die_frau")],
        ("1.000000", "1.000000", "1.000000", "1.000000"),
    ),
    "always the same": (
        # der_mann TP 2 FP 2: 4/6; die_frau 0; macro 1/3; micro 4/(4 + 2 + 2); E = 2·4 = 8; 0/8.
        [(M, "der_mann"), (F, "der_mann"), (M, "der_mann"), (F, "der_mann")],
        ("0.500000", "0.333333", "0.500000", "0.000000"),
    ),
    "always wrong": (
        # E = 1·1 + 1·1 = 2; (2·0 - 2) / (4 - 2) = -1.
        [(M, "die_frau"), (F, "der_mann")],
        ("0.000000", "0.000000", "0.000000", "-1.000000"),
    ),
    "none is a label": (
        # As the demo's model answers: FN 3 and no FP; E = 0; 0/9.
        [(M, "Der Mann spricht"), (F, ""), (M, "und")],
        ("0.000000", "0.000000", "0.000000", "0.000000"),
    ),
    "one does not answer": (
        # der_mann 2/2; die_frau TP 1 FN 1: 2/3; macro 5/6; micro 4/(4 + 0 + 1);
        # E = 1·1 + 2·1 = 3; (3·2 - 3) / (9 - 3) = 1/2.
        [(M, "der_mann"), (F, "die_frau"), (F, "wer weiß")],
        ("0.666667", "0.833333", "0.800000", "0.500000"),
    ),
    "one alone speaks and is always known": (
        # N² = E = 4: kappa is undefined.
        [(M, "der_mann"), (M, "DER_MANN")],
        ("1.000000", "1.000000", "1.000000", None),
    ),
    "a label in a sentence is none": (
        # M unparsed, F right: der_mann 0, die_frau 1; micro 2/(2 + 0 + 1); E = 1·1;
        # (2·1 - 1) / (4 - 1) = 1/3.
        [(M, "Es ist der_mann."), (F, "die_frau!")],
        ("0.500000", "0.500000", "0.666667", "0.333333"),
    ),
}
ASKED = (
    ("accuracy", "mean_of_ratios"),
    ("f1", "macro"),
    ("f1", "micro"),
    ("cohens_kappa", "corpus"),
)


def put(folder: Path) -> Workspace:
    return workspace(folder, "pfandung", FILE, "play.xml")


def config() -> ExperimentConfig:
    file = CHECKOUT / "experiments" / "pfandung" / "experiment.yaml"
    return ExperimentConfig.model_validate(read_document(file).value)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> list[Estimate]:
    """The estimates of a ledger in which the answers are known."""
    place = put(tmp_path_factory.mktemp("pfandung"))
    return answered(place, {("greedy", item): output for item, _, output in SAID})


def test_speeches_are_read_without_names_and_stage_directions() -> None:
    form = config().data.form
    assert form is not None and form.kind == "tei"
    read = Tei(form.unit, form.fields).read(TEXTS / "play.xml").rows
    assert [(row.cells["id"], row.cells["who"], row.cells["text"]) for row in read] == [
        ("1", MANN, "Wer klopft so spät?"),
        ("2", FRAU, "Niemand, es ist der Wind."),
        ("drittens", MANN, "Der Wind hat keine Hand. Hörst du?"),
        ("4", FRAU, "Ich höre."),
        ("5", BOTH, "Herein!"),
        ("6", FRAU, "Nur ein Zweig am Fenster & sonst nichts."),
    ]


def test_known_answers_give_the_scores_that_were_counted_by_hand(counted: list[Estimate]) -> None:
    value = values(counted, "greedy")
    assert {key: value(*key) for key in WANTED} == WANTED


def test_an_answer_that_is_no_label_is_counted(counted: list[Estimate]) -> None:
    for row in counted:
        assert (row.n, row.counted["answered"], row.counted["unparsed"]) == (6, 5, 1)
        assert "unparsed" in row.warnings


@pytest.mark.parametrize("case", FURTHER)
def test_scores_of_further_cases(case: str) -> None:
    said, wanted = FURTHER[case]
    declared = config().declared_scoring()["answer"]
    found = rows(
        [answer(index, output, who) for index, (who, output) in enumerate(said)],
        Settings(config().scores, declared, resamples=9),
    )
    asked = [one(found, score=score, aggregation=way, label=None) for score, way in ASKED]
    assert tuple(row.value for row in asked) == wanted


def test_the_demo_s_model_answers_and_no_answer_is_dropped(tmp_path: Path) -> None:
    place = put(tmp_path)
    done = place.reprollm("run", "pfandung", "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place.ledger / "report.html").is_file()
    assert both(place.ledger) == []
    with opened(place.ledger) as connection:
        [[made]] = connection.execute(
            "SELECT DISTINCT run FROM log WHERE kind = 'start'"
        ).fetchall()
        outputs = [
            output for (output,) in connection.execute("SELECT output FROM answers").fetchall()
        ]
    spoken = sum(bool(output.strip()) for output in outputs)
    for row in estimates(place.ledger, made):
        # The model respells; not one of its answers names a speaker.
        assert (row.n, row.counted["unparsed"], row.counted["empty"]) == (6, spoken, 6 - spoken)
        assert row.value == "0.000000"


def test_a_checkout_without_the_data_says_so_in_one_sentence(tmp_path: Path) -> None:
    place = workspace(tmp_path, "pfandung", FILE, None)
    said = place.reprollm("plan", "pfandung")
    assert said.returncode == 3
    [line] = said.stderr.splitlines()
    assert f"data/{FILE}" in line and "'data.file'" in line

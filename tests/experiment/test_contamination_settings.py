"""Section `contamination`: what it may hold, and how it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment_files import change, write_experiment
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.load import load

CHECKS = """\
contamination:
  family: {name: spelling, tests: 2}
  primary: sealed_twins
  secrets: data/secrets.json
  sealed: {order: {permutations: 19, shards: 2, seed: 7}}
  screening: {reference: data/reference.csv, scores: [loss], guard: {permutations: 19}}
  scan: [{name: training, corpus: [corpus/*.txt], control: data/reference.csv}]
  extraction: {prefix: 0.5, tokens: 8}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = write_experiment(tmp_path / "spelling")
    for name in ("data/reference.csv", "data/seal.json"):
        (file.parent / name).touch()
    change(file, "data: {", "data: {seal: data/seal.json, ")
    with file.open("a", encoding="utf-8") as out:
        out.write(CHECKS)
    return file


def test_checks_are_read_with_their_defaults(file: Path) -> None:
    found = load(file)
    checks = found.config.contamination
    assert checks is not None and checks.measures
    assert checks.sealed is not None and checks.sealed.order is not None
    assert checks.sealed.order.seed == "7"
    assert checks.screening is not None and checks.screening.guard.seed == "1"
    assert checks.extraction is not None and checks.extraction.prefix == "0.5"
    assert found.checks.reference == file.parent / "data" / "reference.csv"
    [scan] = found.checks.scans
    assert scan.control == file.parent / "data" / "reference.csv"


def test_the_secrets_need_not_be_there(file: Path) -> None:
    secrets = load(file).checks.secrets
    assert secrets == file.parent / "data" / "secrets.json"
    assert not secrets.exists()


def test_an_experiment_without_the_section_has_no_checks(file: Path) -> None:
    change(file, CHECKS, "")
    found = load(file)
    assert found.config.contamination is None
    assert found.checks.reference is None


def test_a_scan_alone_asks_no_model(file: Path) -> None:
    change(file, CHECKS, "contamination:\n  scan: [{name: a, corpus: [b]}]\n")
    checks = load(file).config.contamination
    assert checks is not None and not checks.measures


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("primary: sealed_twins", "primry: sealed_twins", "did you mean 'primary'?"),
        ("{name: training,", "{nme: training,", "did you mean 'name'?"),
        ("guard: {permutations: 19}", "guard: {permutatons: 19}", "did you mean 'permutations'?"),
        ("primary: sealed_twins", "primary: sealed_twin", "did you mean 'sealed_twins'?"),
        ("  family: {name: spelling, tests: 2}\n", "", "expected a family just where"),
        ("  secrets: data/secrets.json\n", "", "expected secrets for the primary test"),
        ("data: {seal: data/seal.json, ", "data: {", "expected data.seal where contamination"),
        ("scores: [loss]", "scores: [loss, loss]", "expected every score once"),
        ("scores: [loss]", "scores: [min_k_30]", "found 'min_k_30'"),
        ("prefix: 0.5", "prefix: 1.5", "expected a share above 0 and at most 1"),
        ("prefix: 0.5", 'prefix: "0.5"', "expected a decimal number, found '0.5'"),
        ("permutations: 19, shards", "permutations: 9, shards", "19"),
        ("reference: data/reference.csv", "reference: data/none.csv", "expected the file"),
        ("reference: data/reference.csv", "reference: ../none.csv", "expected a relative path"),
        (
            "  scan: [",
            "  scan: [{name: training, corpus: [b]}, ",
            "expected every scan's name once",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(file: Path, old: str, new: str, words: str) -> None:
    change(file, old, new)
    with pytest.raises(ExperimentInvalid) as refused:
        load(file)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "line" in str(refused.value)

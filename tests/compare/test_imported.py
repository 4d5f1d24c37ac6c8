import json
from dataclasses import replace
from pathlib import Path

import pytest

from command import Run, runner
from ledger.building import whole
from reprollm.compare.runs import compare
from reprollm.compare.verdict import Outcome
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.unattested.claimed import ForeignLog, LogFile, Sample
from reprollm.unattested.record import take_in
from reprollm.unattested.unsaid import sentences

OURS = {f"item-{number}": f"sprach {number}" for number in range(6)}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def log_of(answers: dict[str, str | None], name: str = "theirs", sampling: str = "greedy"):
    samples = tuple(
        Sample(item, None, sampling, None, 0, "m", None, None, output, None, {"scores": []})
        for item, output in answers.items()
    )
    file = LogFile(name, name.encode().hex().ljust(64, "0"), 1)
    claims = {"task": name, "settings": [{"name": "temperature", "value": "0.0"}], "scores": []}
    return ForeignLog("a harness", "1", "a format", file, claims, sentences(["weights"]), samples)


def imported(folder: Path, log: ForeignLog) -> Path:
    take_in(folder, log)
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    whole(folder)
    commit(folder)
    return folder


def test_a_run_and_an_import_are_paired_by_name_and_compared_by_text(ours: Path, tmp_path: Path):
    theirs = imported(tmp_path / "a", log_of({**OURS, "item-2": "another", "item-9": "more"}))
    found = compare(ours, theirs)
    assert found.counts == {
        Outcome.SAME_TEXT: 5, Outcome.OTHER_TEXT: 1, Outcome.ONLY_SECOND: 1,
    }  # fmt: skip
    assert not found.attested
    assert not found.reproduced
    assert not found.agrees
    assert found.causes == []


def test_equal_texts_agree_and_reproduce_nothing(ours: Path, tmp_path: Path):
    found = compare(imported(tmp_path / "a", log_of(dict(OURS))), ours)
    assert found.counts == {Outcome.SAME_TEXT: 6}
    assert found.agrees
    assert not found.reproduced


def test_another_sampling_is_another_answer(ours: Path, tmp_path: Path):
    theirs = imported(tmp_path / "a", log_of(dict(OURS), sampling="sampled"))
    assert compare(ours, theirs).counts == {Outcome.ONLY_FIRST: 6, Outcome.ONLY_SECOND: 6}


def test_an_answer_without_text_cannot_be_compared(ours: Path, tmp_path: Path):
    theirs = imported(tmp_path / "a", log_of({**OURS, "item-0": None}))
    assert compare(ours, theirs).counts == {Outcome.SAME_TEXT: 5, Outcome.NO_TEXT: 1}


def test_two_imports_name_what_they_claim_differently(tmp_path: Path):
    first, log = log_of(dict(OURS)), log_of(dict(OURS), "others")
    claims = {**log.claims, "settings": [{"name": "temperature", "value": "0.8"}]}
    one = imported(tmp_path / "a", first)
    other = imported(tmp_path / "b", replace(log, claims=claims, tool_version="2"))
    found = compare(one, other)
    facts = {(cause.fact, cause.first, cause.second) for cause in found.causes}
    assert ("settings.temperature", "0.0", "0.8") in facts
    assert ("tool_version", "1", "2") in facts


def test_answers_of_one_name_are_paired_one_by_one(tmp_path: Path):
    samples = log_of({"a": "x"}).samples
    seeds = tuple(replace(sample, seed=seed) for sample in samples for seed in ("1", "2"))
    one = imported(tmp_path / "a", replace(log_of({}), samples=seeds))
    other = imported(tmp_path / "b", log_of({"a": "x"}))
    assert compare(one, other).counts == {Outcome.SAME_TEXT: 1, Outcome.ONLY_FIRST: 1}


def test_one_of_several_imports_is_chosen_by_its_id(tmp_path: Path):
    first, second = log_of({"a": "x"}), log_of({"a": "y"}, "others")
    folder = imported(tmp_path / "a", first)
    imported(folder, second)
    assert compare(folder, folder, first.id[:12], second.id[:12]).counts == {Outcome.OTHER_TEXT: 1}
    with pytest.raises(InvalidInput, match="of one run or import"):
        compare(folder, folder, "0000000000")


def test_the_command_says_what_cannot_be_said(ours: Path, tmp_path: Path, run: Run):
    theirs = imported(tmp_path / "a", log_of({**OURS, "item-2": "another"}))
    done = run("compare", str(ours), str(theirs))
    assert done.code == 5
    assert "unattested" in done.out
    assert "Whether prompt, weights and settings were the same cannot be told" in done.out
    assert "second: No hash of the weights" in done.out
    assert "5 of 6 unattested answers have the same text, another text: 1" in done.err
    told = json.loads(run("compare", str(ours), str(theirs), "--json").out)
    assert told["paired_by"] == "item, sampling, repetition"
    assert told["second"]["attestation"] == "unattested"
    assert told["second"]["unsaid"]
    assert (told["reproduced"], told["agrees"]) == (False, False)


def test_identical_tokens_with_another_text_are_not_reproduced(ours: Path, tmp_path: Path):
    from compare.forging import forge, other_text
    from reprollm.ledger.read import final_answers

    request = next(iter(final_answers(ours))).request
    found = compare(ours, forge(ours, tmp_path / "forged", {request: other_text}))
    assert found.counts == {Outcome.IDENTICAL: 5, Outcome.RETOLD: 1}
    assert not found.reproduced

"""One withheld text, opened later: what convinces, and what does not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from command import Run, runner
from reprollm.canon import Json, dumps, loads_object
from reprollm.errors import CommitmentMismatch, InvalidInput, LeafMismatch, ReprollmError
from reprollm.withholding.disclosure import check_disclosure, disclose, read_disclosure
from reprollm.withholding.withhold import parse_withholding, withheld_ledger
from withholding.overlapping import answered, imported

ANSWER = 10


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A ledger, and what is left of it when all its texts are withheld."""
    folder = tmp_path_factory.mktemp("disclosure")
    answered(folder / "whole")
    wanted = parse_withholding(["prompt,reference:salt-public", "output:salt-secret"], "x")
    withheld_ledger(folder / "whole", wanted, folder / "left")
    return folder / "whole", folder / "left"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_a_disclosed_answer_convinces_whoever_has_the_withheld_ledger(
    ledgers: tuple[Path, Path],
) -> None:
    whole, left = ledgers
    [line] = disclose(whole, [ANSWER], ["output"])
    [found] = check_disclosure(left, [line])
    assert (found.position, found.kind, found.field) == (ANSWER, "generation", "output")
    assert found.text() == "nichts 0"
    assert found.request is not None and len(found.request) == 64


def test_all_fields_of_several_records_are_opened_in_log_order(ledgers: tuple[Path, Path]) -> None:
    whole, left = ledgers
    found = check_disclosure(left, disclose(whole, [ANSWER, 1]))
    assert [(item.position, item.field) for item in found] == [
        *((1, name) for name in ("prompt", "prompt_ids", "source", "reference")),
        *((ANSWER, name) for name in ("output", "output_ids", "logprobs", "margins")),
    ]
    by_field = {item.field: item.text() for item in found}
    assert by_field["prompt_ids"] == "1 70 71 72"
    assert by_field["margins"] == "0.5 0.25"


def test_a_disclosure_is_canonical_and_has_the_lines_of_an_openings_file(
    ledgers: tuple[Path, Path],
) -> None:
    whole, _ = ledgers
    [line] = disclose(whole, [ANSWER])
    assert dumps(loads_object(line)) == line
    files = whole.glob("openings/run-*/*/*.jsonl")
    assert line in [each for path in files for each in path.read_bytes().splitlines()]


Change = Callable[[dict[str, str]], dict[str, str]]
CHANGES: dict[str, Change] = {
    "another text": lambda entry: {**entry, "text": entry["text"] + " "},
    "another salt": lambda entry: {**entry, "salt": entry["salt"][::-1]},
    "another field": lambda entry: {**entry, "field": "prompt"},
    "a field that nobody commits to": lambda entry: {
        "base64": base64.b64encode(entry["text"].encode()).decode(),
        "field": "thought",
        "salt": entry["salt"],
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_text_or_salt_does_not_convince(change: Change, ledgers: tuple[Path, Path]) -> None:
    whole, left = ledgers
    value = loads_object(disclose(whole, [ANSWER], ["output"])[0])
    value["openings"] = [change(value["openings"][0])]
    with pytest.raises(CommitmentMismatch, match=r"record 10 \(generation\)"):
        check_disclosure(left, [dumps(value)])


def test_token_ids_that_are_not_those_of_the_result_do_not_convince(
    ledgers: tuple[Path, Path],
) -> None:
    whole, left = ledgers
    value = loads_object(disclose(whole, [ANSWER], ["output_ids"])[0])
    other = loads_object(disclose(whole, [ANSWER + 1], ["output_ids"])[0])
    value["openings"] = other["openings"]
    with pytest.raises(CommitmentMismatch):
        check_disclosure(left, [dumps(value)])


def test_a_record_that_is_not_in_the_log_does_not_convince(
    ledgers: tuple[Path, Path], tmp_path: Path
) -> None:
    answered(tmp_path / "other")
    with pytest.raises(LeafMismatch, match="expected a record with leaf"):
        check_disclosure(ledgers[1], disclose(tmp_path / "other", [ANSWER]))


def malformed(line: bytes) -> dict[str, list[bytes]]:
    value = loads_object(line)
    salt_only: list[Json] = [
        {key: entry[key] for key in ("field", "salt")} for entry in value["openings"]
    ]
    return {
        "nothing": [],
        "a salt without its text": [dumps({**value, "openings": salt_only})],
        "no opening": [dumps({**value, "openings": []})],
        "other spelling": [json.dumps(value).encode()],
        "the same record twice": [line, line],
        "one field twice": [dumps({**value, "openings": value["openings"] * 2})],
        "no JSON": [b"hello"],
    }


@pytest.mark.parametrize("what", malformed(b'{"leaf":"","openings":[]}'))
def test_a_file_that_is_no_disclosure_is_refused(what: str, ledgers: tuple[Path, Path]) -> None:
    whole, left = ledgers
    lines = malformed(disclose(whole, [ANSWER], ["output"])[0])[what]
    with pytest.raises(InvalidInput):
        check_disclosure(left, lines)


def test_imported_samples_are_disclosed_too(tmp_path: Path) -> None:
    imported(tmp_path / "whole", [({"output": b"Bern", "prompt": b"?"}, {})])
    wanted = parse_withholding(["output:salt-secret"], "x")
    withheld_ledger(tmp_path / "whole", wanted, tmp_path / "left")
    [found] = check_disclosure(tmp_path / "left", disclose(tmp_path / "whole", [1], ["output"]))
    assert (found.kind, found.request, found.text()) == ("imported", None, "Bern")


REFUSED: dict[str, tuple[int, list[str], type[ReprollmError], str]] = {
    "an unknown field": (ANSWER, ["answer"], InvalidInput, "expected fields among annotations, "),
    "a position behind the end": (99, [], InvalidInput, "found no position 99"),
    "a record without texts": (0, [], InvalidInput, "it commits to no such text"),
    "a field of another kind": (ANSWER, ["prompt"], InvalidInput, "openings of prompt"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_disclosed_is_refused(
    case: tuple[int, list[str], type[ReprollmError], str], ledgers: tuple[Path, Path]
) -> None:
    position, fields, error, sentence = case
    with pytest.raises(error, match=sentence):
        disclose(ledgers[0], [position], fields)


def test_a_withheld_ledger_cannot_disclose(ledgers: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidInput, match="disclose from the original ledger"):
        disclose(ledgers[1], [ANSWER])


def test_the_command_writes_a_file_that_convinces(
    run: Run, ledgers: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, left = ledgers
    path = tmp_path / "one.jsonl"
    arguments = ("disclose", str(whole), str(ANSWER), "--field", "output", "-o", str(path))
    done = run(*arguments)
    assert (done.code, done.out) == (0, "")
    assert "1 records opened" in done.err
    assert [item.text() for item in check_disclosure(left, read_disclosure(path))] == ["nichts 0"]
    assert run(*arguments).code == 0
    path.write_text("something else\n")
    assert run(*arguments).code == 3
    assert path.read_text() == "something else\n"


def test_the_command_takes_a_request_s_id_and_prints(run: Run, ledgers: tuple[Path, Path]) -> None:
    whole, left = ledgers
    [first] = check_disclosure(left, disclose(whole, [ANSWER], ["output"]))
    done = run("disclose", str(whole), str(first.request)[:16])
    found = check_disclosure(left, done.out.encode().splitlines())
    assert {item.position for item in found} == {1, ANSWER}
    assert len(found) == 8


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="could not read the disclosure"):
        read_disclosure(tmp_path / "none.jsonl")

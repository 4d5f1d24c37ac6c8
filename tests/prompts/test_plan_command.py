"""`reprollm plan`: what it shows and writes, and that bad input leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import Answer, Run, without_progress
from experiment_files import change, overlay
from reprollm.environment import code_digest
from reprollm.records import kinds
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish


def snapshot_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_plan_shows_counts_tokens_memory_and_what_is_answered(place: Path, reprollm: Run) -> None:
    answer = reprollm("plan", "spelling")
    assert answer.code == 0
    assert without_progress(answer.err) == ""
    shown = {" ".join(line.split()) for line in answer.out.splitlines()}
    assert {
        "items 3",
        "requests 9",
        "already answered 0",
        "slices 2",
        "longest prompt, tokens 24",
        "longest with its answer, tokens 32 of 512",
        "memory: weights in float32 449.2 KiB",
        "memory: keys and values of 8 requests 128.0 KiB",
        "greedy 3 61 24",
        "sampled 6 122 48",
    } <= shown


def test_json_says_the_same_for_programs(place: Path, reprollm: Run) -> None:
    report = json.loads(reprollm("plan", "spelling", "--json").out)
    assert report["requests"] == 9
    # Two layers, one key-value head of 32 numbers, keys and values, float32, eight rows of 32.
    assert report["cache_bytes"] == 2 * 2 * 1 * 32 * 4 * 8 * 32
    assert report["run"] is not None


def test_the_default_ledger_is_named_after_the_experiment(place: Path, reprollm: Run) -> None:
    reprollm("plan", "experiments/spelling/experiment.yaml")
    plan = next((place / "ledger" / "spelling" / "plans").glob("*/plan.json"))
    assert plan.parent.name == json.loads(plan.read_bytes())["plan"]


def test_a_dry_run_writes_nothing(place: Path, reprollm: Run) -> None:
    before = snapshot_of(place)
    answer = reprollm("plan", "spelling", "--dry-run", "--receipt", "receipt.json")
    assert answer.code == 0
    assert "not written (dry run)" in answer.out
    assert snapshot_of(place) == before
    assert not (place / "ledger").exists()


def test_the_receipt_names_plan_run_and_shard(place: Path, reprollm: Run) -> None:
    assert reprollm("plan", "spelling", "--ledger", "L", "--receipt", "out/r.json").code == 0
    receipt = json.loads((place / "out" / "r.json").read_bytes())
    (shard,) = receipt.pop("shards")
    assert (place / "L" / "shards" / shard["group"] / f"{shard['sha256']}.jsonl").is_file()
    run = next((place / "L" / "plans" / receipt["plan"] / "runs").glob("*.json"))
    assert receipt == {
        "schema": "reprollm/receipt/1",
        "stage": "plan",
        "plan": shard["group"].removeprefix("plan-") + receipt["plan"][16:],
        "run": json.loads(run.read_bytes())["run"],
        "requests": 9,
        "slices": 2,
    }
    assert run.stem == code_digest("generate")[:16]


def test_planning_again_keeps_plan_run_and_every_byte(place: Path, reprollm: Run) -> None:
    first = reprollm("plan", "spelling", "--json")
    before = snapshot_of(place / "ledger")
    assert reprollm("plan", "spelling", "--json") == first
    assert snapshot_of(place / "ledger") == before


def test_answers_that_lie_in_the_ledger_are_counted(place: Path, reprollm: Run) -> None:
    report = json.loads(reprollm("plan", "spelling", "--json").out)
    ledger = place / "ledger" / "spelling"
    shard = next(ledger.glob("shards/plan-*/*.jsonl"))
    requests = [json.loads(line)["request"] for line in shard.read_text().splitlines()[2:6]]
    hashes = dict.fromkeys(("result", "output", "output_ids", "logprobs", "margins"), "0" * 64)
    records = [
        kinds.new(
            "generation",
            attempt="0" * 32,
            run=report["run"],
            plan=report["plan"],
            request=request,
            finish="stop",
            batch={},
            finished="2026-01-01T00:00:00.000Z",
            **hashes,
        )
        for request in requests
    ]
    publish(ledger, f"run-{report['run'][:16]}/00000000-00000004", map(Sealed, records))
    assert json.loads(reprollm("plan", "spelling", "--json").out)["answered"] == 4
    assert "already answered" in reprollm("plan", "spelling", "--dry-run").out


OVERLAID = {
    "empty_data": "found an empty file",
    "header_only_data": "at least one row",
    "truncated_data": "truncated",
    "unclosed_quote_data": "a quote is not closed",
    "ragged_data": "expected 4 cells in line 3",
    "cp1252_data": "expected utf-8 text",
    "utf16_data": "write `encoding: utf-16`",
    "bom_data": "write `encoding: utf-8-sig`",
    "nul_data": "NUL character in line 3",
    "duplicate_id_data": "expected every id once",
    "empty_id_data": "expected an id",
    "missing_column_data": "did you mean 'sorce'?",
    "duplicate_column_data": "expected every column once",
    "semicolon_data": "separated by ';'",
    "stray_quote_data": "malformed",
    "missing_column_template": "did you mean 'source'?",
    "missing_field_template": "no attribute 'sorce'",
    "unclosed_template": "expected a Jinja template",
    "including_template": "write its text out",
    "escaping_template": "unsafe",
    "empty_prompt_template": "found it empty",
    "bom_template": "byte order mark",
    "failing_template": "ZeroDivisionError",
}
CHANGED = {
    "a negative temperature": ("experiment.yaml", "0.80", "-1", "temperature of at least 0"),
    "an unknown key": ("experiment.yaml", "top_p", "topp", "did you mean 'top_p'?"),
    "a missing data file": ("experiment.yaml", "items.csv", "none.csv", "found none"),
    "a cell of ten megabytes": ("data/items.csv", "seyn", "s" * 10_000_000, "at most 1048576"),
    "a prompt beyond the context": ("data/items.csv", "seyn", "s" * 600, "model's 512 tokens"),
    "an answer beyond the context": (
        "experiment.yaml",
        "max_tokens: 8, stop",
        "max_tokens: 500, stop",
        "max_tokens 500",
    ),
    "a lock that contradicts itself": (
        "models/tiny.lock.json",
        '"snapshot": "',
        '"snapshot": "0',
        "contradicts itself",
    ),
    "a lock that is none": ("models/tiny.lock.json", "{", "[", "lock"),
}


def check_refused(answer: Answer, sentence: str, code: int, place: Path) -> None:
    said = without_progress(answer.err)
    assert said.startswith("reprollm: ")
    assert sentence in said
    assert said.count("\n") == 1
    assert answer.out == ""
    assert answer.code == code
    assert not (place / "ledger").exists()
    assert not (place / "receipt.json").exists()


@pytest.mark.parametrize(("defect", "sentence"), OVERLAID.items())
def test_a_bad_file_ends_in_one_sentence_and_nothing_is_written(
    place: Path, reprollm: Run, defect: str, sentence: str
) -> None:
    overlay(defect, place / "experiments" / "spelling")
    answer = reprollm("plan", "spelling", "--receipt", "receipt.json")
    check_refused(answer, sentence, 3, place)


@pytest.mark.parametrize(("name", "old", "new", "sentence"), CHANGED.values(), ids=CHANGED.keys())
def test_a_bad_value_ends_in_one_sentence_and_nothing_is_written(
    place: Path, reprollm: Run, name: str, old: str, new: str, sentence: str
) -> None:
    change(place / "experiments" / "spelling" / name, old, new)
    answer = reprollm("plan", "spelling", "--receipt", "receipt.json")
    check_refused(answer, sentence, 3, place)


def test_a_bad_file_leaves_the_ledger_of_before_as_it_was(place: Path, reprollm: Run) -> None:
    reprollm("plan", "spelling")
    before = snapshot_of(place / "ledger")
    overlay("duplicate_id_data", place / "experiments" / "spelling")
    assert reprollm("plan", "spelling").code == 3
    assert snapshot_of(place / "ledger") == before


def test_a_lock_for_weights_that_are_not_here_is_refused(
    place: Path, reprollm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPROLLM_MODELS", str(place / "nowhere"))
    answer = reprollm("plan", "spelling", "--receipt", "receipt.json")
    check_refused(answer, "expected snapshot tiny", 3, place)


def test_a_lock_for_other_weights_than_those_here_is_refused(
    place: Path, models: Path, reprollm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models / "other", place / "models" / "tiny")
    monkeypatch.setenv("REPROLLM_MODELS", str(place / "models"))
    answer = reprollm("plan", "spelling", "--receipt", "receipt.json")
    check_refused(answer, "model.safetensors", 4, place)


def test_a_changed_tokenizer_is_refused(
    place: Path, models: Path, reprollm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models / "llama", place / "models" / "tiny")
    change(place / "models/tiny/tokenizer.json", '"fuse_unk": false', '"fuse_unk":  true')
    monkeypatch.setenv("REPROLLM_MODELS", str(place / "models"))
    answer = reprollm("plan", "spelling", "--receipt", "receipt.json")
    check_refused(answer, "tokenizer.json is not the file that was pinned", 4, place)


def test_a_ledger_that_cannot_be_written_is_reported(place: Path, reprollm: Run) -> None:
    (place / "ledger").write_text("a file where the folder should be")
    answer = reprollm("plan", "spelling")
    assert answer.code == 7
    assert "could not write the plan" in answer.err
    assert (place / "ledger").read_text() == "a file where the folder should be"


def test_the_installed_command_refuses_a_typo_without_a_traceback(place: Path) -> None:
    change(place / "experiments" / "spelling" / "experiment.yaml", "prompt:", "promt:")
    command = [str(Path(sys.executable).parent / "reprollm"), "plan", "spelling"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, env=os.environ)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.endswith("did you mean 'prompt'?\n")
    assert done.stderr.count("\n") == 1
    assert not (place / "ledger").exists()


def test_the_installed_command_plans(place: Path) -> None:
    command = [sys.executable, "-c", "from reprollm.cli import main; main()", "plan", "spelling"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, env=os.environ)
    assert (done.returncode, without_progress(done.stderr)) == (0, "")
    assert len(list(place.glob("ledger/spelling/shards/plan-*/*.jsonl"))) == 1

"""`reprollm server probe` and `reprollm model claim`, and a run on a model that is only claimed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Run, runner
from engines.server.jobs import write_experiment
from engines.server.standins import KEY, StandIn, serving
from reprollm.snapshot.claim import UTF8_TOKENIZER
from reprollm.snapshot.lock import load_lock


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with serving(StandIn("openai")) as started:
        yield started


def test_a_probe_shows_what_a_server_is_and_does(run: Run, server: StandIn) -> None:
    shown = run("server", "probe", server.url, "--model", "tiny")
    assert shown.code == 0, shown.err
    for words in ("no kind that is known", "seed belongs to", "request", "tiny"):
        assert words in shown.out


def test_a_probe_without_a_model_asks_nothing(run: Run, server: StandIn) -> None:
    shown = run("server", "probe", server.url, "--json")
    told = json.loads(shown.out)
    assert (told["kind"], told["models"], told["probe"]) == ("openai", ["tiny"], None)
    assert not server.asked


def test_a_probe_s_json_holds_everything(run: Run, server: StandIn) -> None:
    told = json.loads(run("server", "probe", server.url, "--model", "tiny", "--json").out)
    assert told["probe"]["seed"] == "request"
    assert told["remote"] is False


def test_a_hostile_name_reaches_no_terminal(run: Run, server: StandIn) -> None:
    server.model = "a\x1b[31mb"
    shown = run("server", "probe", server.url)
    assert "\x1b" not in shown.out
    assert "\\x1b" in shown.out


def test_nobody_there_is_one_sentence(run: Run) -> None:
    shown = run("server", "probe", "http://127.0.0.1:9")
    assert shown.code == 3
    assert shown.err.count("\n") == 1


def test_a_key_is_taken_from_the_environment_and_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    with serving(StandIn("tabbyapi")) as server:
        asked = ("server", "probe", server.url, "--model", "tiny", "--key-variable", "A_KEY")
        shown = run(*asked)
    assert shown.code == 0, shown.err
    assert KEY not in shown.out + shown.err


def test_a_claim_becomes_a_lock_with_one_virtual_file(
    run: Run, server: StandIn, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.lock.json"
    asked = ("model", "claim", server.url, "tiny", "--kind", "openai", "-o", str(file))
    assert run(*asked).code == 0
    lock = load_lock(file)
    assert [one.path for one in lock.files] == ["claim.json"]
    assert lock.claim is not None
    assert (lock.claim.model, lock.tokenizer) == ("tiny", UTF8_TOKENIZER)
    assert run(*asked).out.startswith("unchanged:")


def test_a_claim_that_was_edited_is_refused(run: Run, server: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "tiny.lock.json"
    run("model", "claim", server.url, "tiny", "--kind", "openai", "-o", str(file))
    file.write_text(file.read_text().replace('"model": "tiny"', '"model": "big"'))
    shown = run("model", "show", str(file))
    assert shown.code == 3
    assert "contradicts itself" in shown.err


def test_a_model_that_the_server_does_not_list_is_refused(
    run: Run, server: StandIn, tmp_path: Path
) -> None:
    asked = ("model", "claim", server.url, "other", "--kind", "openai", "-o", str(tmp_path / "x"))
    shown = run(*asked)
    assert shown.code == 3
    assert "write `model` as the server does" in shown.err


def test_a_claimed_model_is_planned_answered_and_verified(
    run: Run, server: StandIn, tmp_path: Path
) -> None:
    experiment = write_experiment(tmp_path, server)
    lock, ledger = experiment / "models" / "tiny.lock.json", str(tmp_path / "ledger")
    run("model", "claim", server.url, "tiny", "--kind", "openai", "-o", str(lock))
    for words in (
        ("plan", str(experiment), "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("generate", str(experiment), "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("ledger", "verify", ledger),
    ):
        shown = run(*words)
        assert shown.code == 0, shown.err + shown.out
    prompts = {body["prompt"] for body in server.asked}
    assert {"vnd so", "zu jm", "sprach"} <= prompts

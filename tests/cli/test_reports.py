"""Every command that reports does so as JSON too, and nothing else goes to standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from command import Answer, Run, runner
from reprollm.cli import reprollm
from tiny_models import make_llama

# What these leave behind is a file or a receipt; what they print is its name or how it went.
SILENT = {
    "init": "makes a folder and names its files",
    "generate": "a job; its receipt is JSON",
    "contamination measure": "a job; its receipt is JSON",
    "run": "leaves the printing to the workflow; `reprollm status --json` says how far it is",
    "report": "writes a page",
    "proof make": "writes a proof, a format of its own",
    "disclose": "writes JSON lines",
}


def commands(
    group: click.Command = reprollm, names: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, with its name in full."""
    if not isinstance(group, click.Group):
        yield " ".join(names), group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from commands(command, (*names, name))


@pytest.mark.parametrize(("name", "command"), [*commands()], ids=[name for name, _ in commands()])
def test_a_command_that_reports_has_json(name: str, command: click.Command) -> None:
    options = [option for parameter in command.params for option in parameter.opts]
    assert "--json" in options or name in SILENT


def test_the_list_of_silent_commands_names_no_other() -> None:
    assert SILENT.keys() <= {name for name, _ in commands()}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def said(answer: Answer) -> dict[str, object]:
    """Return what a command printed, all of which must be one JSON value."""
    assert answer.code == 0, answer.err
    value = json.loads(answer.out)
    assert isinstance(value, dict)
    return value


def test_pinning_and_checking_a_model_say_what_it_is(run: Run, tmp_path: Path) -> None:
    make_llama(tmp_path / "tiny")
    lock = tmp_path / "tiny.lock.json"
    pinned = said(run("model", "pin", str(tmp_path / "tiny"), "-o", str(lock), "--json"))
    assert (pinned["file"], pinned["written"]) == (str(lock), True)
    checked = said(run("model", "check", str(lock), "--json"))
    assert (checked["unchanged"], checked["snapshot"]) == (True, pinned["snapshot"])


def test_a_new_key_is_told_without_its_private_half(run: Run, tmp_path: Path) -> None:
    made = said(run("key", "new", "--name", "n.example", "-o", str(tmp_path / "key"), "--json"))
    shown = said(run("key", "show", "--key", str(tmp_path / "key"), "--json"))
    assert made == shown
    assert set(made) == {"name", "id", "vkey", "file"}

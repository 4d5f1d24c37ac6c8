"""Long work shows how much, how fast and how long still, and only on standard error."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reprollm.cli import progress
from reprollm.cli.progress import answering, counting, moving, records_in
from tiny_models import make_llama


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_without_a_terminal_a_line_now_and_then_says_how_far_it_is(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(400) as advance:
        for _ in range(4):
            clock.now += 10
            advance(50, 2_000)
        clock.now += 1
        advance(1, 50)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "answering: 100 of 400 requests, 200 tokens/s, 0:01:00 left",
        "answering: 200 of 400 requests, 200 tokens/s, 0:00:40 left",
        "answering: 201 of 400 requests, 196 tokens/s, 0:00:41 left",
    ]


def test_short_work_says_nothing_without_a_terminal(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting("verifying records", 10) as advance:
        clock.now += 3
        advance(10)
    assert capsys.readouterr() == ("", "")


def test_bytes_are_told_in_their_units_and_the_end_may_be_told_later(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with moving("hashing", 3_000_000_000) as read, counting("checking records") as checked:
        clock.now += 20
        read(1_500_000_000)
        checked(5)
        checked.expect(20)
        clock.now += 20
        checked(5)
    assert capsys.readouterr().err.splitlines() == [
        "hashing: 1.5 GB of 3.0 GB, 75.0 MB/s, 0:00:20 left",
        "checking: 5 records, 0.2 records/s",
        "checking: 10 of 20 records, 0.2 records/s, 0:00:40 left",
    ]


def test_a_ledger_ends_a_bar_at_the_size_that_its_last_checkpoint_names(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for name in ("000000000007", "000000000090", "²"):
        (tmp_path / "log" / f"{name}.checkpoint").touch()
    assert records_in(tmp_path) == 90
    assert records_in(tmp_path / "log") is None


def test_on_a_terminal_a_bar_is_drawn_beside_an_output_that_stays_clean(tmp_path: Path) -> None:
    make_llama(tmp_path / "tiny")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "reprollm", "model", "pin", "tiny", "--json"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        printed = process.stdout.read()
        drawn = _read(ours)
    assert json.loads(printed)["written"] is True
    assert re.search(r"hashing.*(kB|MB) of .*B/s", drawn), drawn


def _read(terminal: int) -> str:
    """Return everything that was drawn; the end of a pseudo-terminal is an error on Linux."""
    drawn = b""
    try:
        while part := os.read(terminal, 65536):
            drawn += part
    except OSError:
        pass
    os.close(terminal)
    return drawn.decode()

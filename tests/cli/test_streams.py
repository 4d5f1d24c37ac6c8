"""Commands started with streams that are closed, or that cannot say every character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EVALUATE = ["evaluate", "t.csv", "--reference", "right", "--output", "found", "--stratum", "hand"]


def start(folder: Path, redirected: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "t.csv").write_text("right,found,hand\nHaus,Hauß,Köln\n", encoding="utf-8")
    command = [sys.executable, "-m", "reprollm", *EVALUATE]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_what_is_piped_is_utf_8_whatever_the_locale(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    done = start(tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout == start(tmp_path).stdout
    assert "Köln" in done.stdout


@pytest.mark.parametrize("redirected", [">&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_if_nobody_looked(tmp_path: Path, redirected: str) -> None:
    done = start(tmp_path, redirected)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "from reprollm.cli.streams import prepare\n"
        "prepare()\n"
        "file = open('ledger', 'wb')\n"
        "print('said')\n"
        "assert file.fileno() > 2\n"
    )
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "ledger").read_bytes() == b""

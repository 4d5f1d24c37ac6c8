"""The command line, run in this process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from reprollm.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command did: its exit code, its output, its diagnostics."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Answer]

_PROGRESS = re.compile(
    r"^[a-z][a-z ]*: [\d.,]+( [kMG]?B)?( of [\d.,]+)? [\w ]+"
    r"(, [\d.,]+ [\w ]+/s(, [\d:]+ left)?)?\n",
    re.MULTILINE,
)


def without_progress(err: str) -> str:
    """Return diagnostics without the lines that tell how far long work is.

    On a slow machine any work may be long.
    """
    return _PROGRESS.sub("", err)


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `reprollm` with the arguments it is given."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["reprollm", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Answer(int(ended.value.code or 0), out, err)

    return run

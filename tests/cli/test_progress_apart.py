"""Progress can be told from what else a command says."""

from __future__ import annotations

import pytest

from command import without_progress
from reprollm.cli.progress import _Work

SAID = "reprollm: expected 3 of 4 requests, found 2\n"


@pytest.mark.parametrize("of", ["prompts", "bytes", "tokens of text"])
@pytest.mark.parametrize("total", [None, 1_234_567_890])
@pytest.mark.parametrize("done", [0, 1, 1_234_567])
def test_lines_of_progress_are_left_out_and_nothing_else(
    of: str, total: int | None, done: int
) -> None:
    work = _Work("reading the ledger", of, total)
    work(done)
    assert without_progress(f"{work.line()}\n{SAID}{work.line()}\n") == SAID
    assert work.line()

"""Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

_LINE_SECONDS = 15.0


@contextmanager
def answering(
    requests: int, doing: str = "answering", of: str = "requests"
) -> Iterator[Callable[[int, int], object]]:
    """Show answers and tokens per second: a bar on a terminal, a line now and then elsewhere.

    Args:
        requests: how many there are.
        doing: what is done to them.
        of: what they are.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _Lines(requests, of).advance
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: list[Any] = [
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    ]
    rate = _Rate()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=requests, speed="")

        def advance(answers: int, tokens: int) -> None:
            bar.update(task, advance=answers, speed=rate.after(tokens))

        yield advance


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show how many records were done, where there is a terminal."""
    if not sys.stderr.isatty():
        yield lambda records: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}"))
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda records: bar.advance(task, records)


@contextmanager
def moving(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show bytes, rate and time left on standard error while it is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


class _Rate:
    """Tokens per second since the first of them."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._tokens = 0

    def after(self, tokens: int) -> str:
        self._tokens += tokens
        seconds = max(time.monotonic() - self._began, 1e-3)
        return f"{self._tokens / seconds:,.0f} tokens/s" if self._tokens else ""


class _Lines:
    """Progress where there is no terminal: a line at most every few seconds."""

    def __init__(self, requests: int, of: str) -> None:
        self._requests, self._of = requests, of
        self._answers = 0
        self._rate = _Rate()
        self._spoke = time.monotonic()

    def advance(self, answers: int, tokens: int) -> None:
        self._answers += answers
        speed = self._rate.after(tokens)
        if time.monotonic() - self._spoke >= _LINE_SECONDS:
            self._spoke = time.monotonic()
            said = f"{self._answers} of {self._requests} {self._of}"
            click.echo(f"{said}, {speed}" if speed else said, err=True)

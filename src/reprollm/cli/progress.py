"""Progress of long work on standard error: how much, how fast, how long still.

On a terminal a bar that disappears when the work is done; elsewhere (a file, a pipe, the log of a
cluster's job) one plain line now and then. Nothing ever goes to standard output.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click

_LINE_SECONDS = 15.0
_SCALES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


class Advance(Protocol):
    """What work calls with the number of things that it has just done."""

    def __call__(self, done: int) -> None:
        """Count `done` more."""

    def expect(self, total: int) -> None:
        """Say how many there will be, once that is known."""


@contextmanager
def answering(
    requests: int, doing: str = "answering", of: str = "requests"
) -> Iterator[Callable[[int, int], object]]:
    """Show answers, tokens per second and the time left.

    Args:
        requests: how many there are.
        doing: what is done to them.
        of: what they are.
    """
    with _shown(_Work(doing, of, requests)) as work:

        def advance(answers: int, tokens: int) -> None:
            work.tokens += tokens
            work(answers)

        yield advance


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show how many were done, how many a second, and the time left where `total` is known.

    Args:
        what: what is done to what; the last word names the things that are counted.
        total: how many there are.
    """
    doing, _, of = what.rpartition(" ")
    with _shown(_Work(doing, of, total)) as work:
        yield work


@contextmanager
def moving(what: str, total: int) -> Iterator[Advance]:
    """Show bytes, bytes per second and the time left."""
    with _shown(_Work(what, "bytes", total)) as work:
        yield work


def records_in(path: Path) -> int | None:
    """Return how many records a ledger or unpacked bundle has by the name of its last checkpoint.

    Nothing is read or believed: it is what a bar ends at.
    """
    found = [*path.glob("log/*.checkpoint"), *path.glob("ledger/log/*.checkpoint")]
    sizes = [int(file.stem) for file in found if file.stem.isascii() and file.stem.isdigit()]
    return max(sizes, default=None)


@dataclass
class _Work:
    """One piece of work as far as it is done.

    Attributes:
        doing: what is done.
        of: what is counted.
        total: how many there are; None where that is not known.
        tokens: of the answers so far.
        told: called whenever more is done, by one thread at a time.
    """

    doing: str
    of: str
    total: int | None
    done: int = 0
    tokens: int = 0
    began: float = field(default_factory=lambda: time.monotonic())
    told: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, done: int) -> None:
        with self.lock:
            self.done += done
            self.told()

    def expect(self, total: int) -> None:
        self.total = total
        self.told()

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self.began, 1e-3)

    @property
    def left(self) -> float | None:
        """Seconds until the rest is done at the pace so far; None where there is no telling."""
        if not self.total or not 0 < self.done <= self.total:
            return None
        return (self.total - self.done) / self.done * self.seconds

    def amount(self) -> str:
        """Say how much of how much is done."""
        if self.of == "bytes":
            shown = _bytes(self.done)
            return shown if self.total is None else f"{shown} of {_bytes(self.total)}"
        shown = f"{self.done:,}"
        return f"{shown if self.total is None else f'{shown} of {self.total:,}'} {self.of}"

    def speed(self) -> str:
        """Say how fast: tokens where there are any, else what is counted."""
        if self.tokens:
            return f"{self.tokens / self.seconds:,.0f} tokens/s"
        if not self.done:
            return ""
        pace = self.done / self.seconds
        if self.of == "bytes":
            return f"{_bytes(pace)}/s"
        return f"{pace:,.0f} {self.of}/s" if pace >= 10 else f"{pace:.1f} {self.of}/s"

    def time_left(self) -> str:
        """Say how long it still takes."""
        if self.left is None or self.done == self.total:
            return ""
        minutes, seconds = divmod(round(self.left), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02} left"

    def line(self) -> str:
        """Say it all on one line."""
        said = (f"{self.doing}: {self.amount()}", self.speed(), self.time_left())
        return ", ".join(each for each in said if each)


@contextmanager
def _shown(work: _Work) -> Iterator[_Work]:
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        yield from _bar(work)
    else:
        yield from _lines(work)


def _bar(work: _Work) -> Iterator[_Work]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(work.doing, total=work.total, said="")

        def told() -> None:
            parts = (work.amount(), work.speed(), work.time_left())
            said = "  ".join(part for part in parts if part)
            bar.update(task, total=work.total, completed=work.done, said=said)

        work.told = told
        yield work


def _lines(work: _Work) -> Iterator[_Work]:
    """Print a line at most every few seconds, and one when work that had lines is done."""
    spoke, said = work.began, work.done

    def told() -> None:
        nonlocal spoke, said
        if time.monotonic() - spoke >= _LINE_SECONDS:
            spoke, said = time.monotonic(), work.done
            click.echo(work.line(), err=True)

    work.told = told
    yield work
    if spoke != work.began and said != work.done:
        click.echo(work.line(), err=True)


def _bytes(count: float) -> str:
    for size, unit in _SCALES:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"

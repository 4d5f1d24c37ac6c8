"""`reprollm run`: one experiment from plan to verified ledger, through Snakemake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reprollm.workflow.command import Options

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_DRY = frozenset({"-n", "--dry-run", "--dryrun"})

Say = Callable[[str, int, int], None]


@click.command(
    "run",
    epilog="Example: reprollm run normalisation --cores 2, or -- --dry-run to see what it does",
)
@click.argument("experiment")
@click.option(
    "--ledger",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("ledger"),
    show_default=True,
    help="Folder in which one ledger per experiment grows.",
)
@click.option("--cores", type=click.IntRange(min=1), help="Cores to use; all by default.")
@click.option("--profile", help="Where jobs run: slurm, or a Snakemake profile's folder.")
@click.option("--executor", help="A Snakemake executor in place of the profile's.")
@click.argument("snakemake_options", nargs=-1, type=click.UNPROCESSED)
def command(
    experiment: str,
    ledger: Path,
    cores: int | None,
    profile: str | None,
    executor: str | None,
    snakemake_options: tuple[str, ...],
) -> None:
    """Run EXPERIMENT from plan to verified ledger; what is done already is not done again.

    EXPERIMENT is the name of a folder below experiments/, or a path to one. Options after -- go to
    Snakemake as they are.
    """
    from reprollm.workflow.command import Options
    from reprollm.workflow.lock import held, left_behind
    from reprollm.workflow.sources import experiments

    (name,) = experiments([experiment])
    if cores is None and profile is None and executor is None:
        cores = len(os.sched_getaffinity(0))
    options = Options(cores, profile, executor, snakemake_options)
    with held(ledger / name / "receipts" / ".run.lock") as lock:
        if left_behind(Path.cwd()):
            _unlock(experiment, ledger, lock)
        if _DRY.isdisjoint(snakemake_options):
            _run(experiment, ledger, options, lock)
            click.echo(
                f"{ledger / name} is complete and verified; see {ledger / name / 'report.html'}"
            )
        else:
            _show(experiment, ledger, options, lock)


def _run(experiment: str, ledger: Path, options: Options, lock: int) -> None:
    from reprollm.workflow.command import snakemake
    from reprollm.workflow.outcome import failure
    from reprollm.workflow.progress import RunProgress

    progress = RunProgress()
    with (
        _snakemake([*snakemake(experiment, ledger, options), "--quiet", "host"], lock) as process,
        _shown() as say,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if news := progress.feed(line):
                say(news, len(progress.finished), progress.total)
    if process.returncode != 0:
        raise failure(progress, process.returncode)
    if progress.idle:
        click.echo("nothing to do: every step is up to date", err=True)


def _show(experiment: str, ledger: Path, options: Options, lock: int) -> None:
    """Print what would be done, in Snakemake's words."""
    from reprollm.errors import InvalidInput
    from reprollm.workflow.command import snakemake

    command = [*snakemake(experiment, ledger, options), "--quiet", "host"]
    with _snakemake(command, lock) as process:
        output, _ = process.communicate()
    click.echo(output, nl=False)
    if process.returncode != 0:
        raise InvalidInput("Snakemake refused the dry run; its words stand above")


def _unlock(experiment: str, ledger: Path, lock: int) -> None:
    from reprollm.workflow.command import Options, snakemake

    click.echo("removing the lock of a Snakemake that was killed", err=True)
    with _snakemake([*snakemake(experiment, ledger, Options()), "--unlock"], lock) as process:
        process.communicate()


@contextmanager
def _snakemake(command: list[str], lock: int) -> Iterator[subprocess.Popen[str]]:
    """Start Snakemake; hand it the lock, and every signal that would end this process.

    Snakemake and its jobs are a process group of their own, so that each signal reaches each of
    them once: the jobs write down what they have, Snakemake starts no other.
    """
    from reprollm.workflow.lock import name_owner

    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
        process_group=0,
    )
    name_owner(lock, process.pid)

    def forward(number: int, frame: object) -> None:
        os.killpg(process.pid, number)

    before = {number: signal.signal(number, forward) for number in _ENDING}
    try:
        yield process
    finally:
        process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown() -> Iterator[Say]:
    """Show progress on standard error: a bar on a terminal, a line per step elsewhere."""
    if not sys.stderr.isatty():
        yield lambda news, done, total: click.echo(f"  {news}", err=True)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda news, done, total: bar.update(
            task, description=news, completed=done, total=total or None
        )

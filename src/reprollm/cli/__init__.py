"""The command line: parses, calls, prints; every command lives in a module of its own.

A command's module is imported only when that command is asked for, so that `reprollm --help` loads
click and the standard library alone. Errors become one sentence and an exit code here and nowhere
else.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from reprollm import __version__
from reprollm.cli.streams import prepare
from reprollm.cli.terminal import safe
from reprollm.errors import ReprollmError, StorageFailed

_COMMANDS = {
    "init": "Make the folder of a new experiment, commented, to be changed.",
    "model": "Fetch, pin, check, convert and show models, each named by the hash of its files.",
    "plan": "Turn an experiment into requests, and show what a run will need.",
    "generate": "Answer one slice of a plan's requests (one job of the workflow).",
    "run": "Run an experiment from plan to verified ledger through Snakemake.",
    "status": "Say of running and finished experiments how far they are.",
    "ledger": "Commit, verify, query and show the ledger.",
    "score": "Score a ledger's answers against their references.",
    "conclude": "Compare arms, measure agreement, and hold claims against the numbers.",
    "table": "Write tables for a paper: LaTeX, Markdown, HTML or CSV, from what is on record.",
    "evaluate": "Recompute the published error rates of others from their texts.",
    "contamination": "Find out which test items a model may have seen, with honest error rates.",
    "dataset": "Seal a data set at its birth, so that leaks can be proved later.",
    "report": "Write the HTML report of a ledger, one file that needs no network.",
    "exposure": "Say which items were sent where, and what else is known of their exposure.",
    "compare": "Say request by request what two ledgers have in common.",
    "determinism": "Ask an engine the same again and again, and say what it keeps.",
    "rerun": "Ask a ledger's requests again with the local weights and compare.",
    "server": "Look at a server of language models before relying on it.",
    "key": "Make and show the key that signs checkpoints.",
    "checkpoint": "Sign, stamp, show and compare the log's checkpoints.",
    "proof": "Prove that one record is in the log, in a text of about 1 kB.",
    "publish": "Make the bundle that a reviewer checks with nothing installed.",
    "disclose": "Open withheld texts later, so that anyone can check them.",
    "verify": "Check a bundle or ledger level by level, and say what was not checked.",
    "challenge": "Ask a random part of a bundle's requests again, and bound what could be false.",
    "import": "Take in the logs of other harnesses, marked as unattested.",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported from `reprollm.cli.<name>` when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"reprollm.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: reprollm run normalisation && reprollm ledger verify ledger/normalisation",
)
@click.version_option(__version__, prog_name="reprollm")
def reprollm() -> None:
    """Experiments with local language models that another person can check and repeat."""


def main() -> NoReturn:
    """Run the command line and exit with the code that `reprollm.errors` documents."""
    prepare()
    try:
        reprollm(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _fail("interrupted by the user", 8)
    except ReprollmError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        _fail(
            f"the operating system refused{where}: {error.strerror or error}",
            StorageFailed.exit_code,
        )
    sys.exit(0)


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(f"reprollm: {safe(sentence)}", err=True)
    sys.exit(code)

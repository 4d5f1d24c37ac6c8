"""`reprollm contamination`: the group; each command lives in a module of its own."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "scan": ("contamination_scan", "Search corpora for the texts of test items."),
    "measure": (
        "contamination_measure",
        "Measure how well the model foresees the examined texts (one job of the workflow).",
    ),
    "examine": ("contamination_examine", "Turn what was measured into findings, and record them."),
    "show": ("contamination_show", "Show a ledger's findings, facts, tests and screening apart."),
    "family": (
        "contamination_family",
        "Correct the primary tests of several ledgers as one family.",
    ),
}


class _Group(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"reprollm.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])


@click.group(name="contamination", cls=_Group)
def command() -> None:
    """Find out which test items a model may have seen, with honest error rates."""

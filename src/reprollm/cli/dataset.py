"""`reprollm dataset`: the group; each command lives in a module of its own."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "seal": ("dataset_seal", "Publish one variant of each item by lot and commit to the rest."),
    "check": ("dataset_check", "Hold a data set against its seal."),
    "reveal": (
        "dataset_reveal",
        "Open what was sealed, for anyone to check; sealed tests are spent then.",
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


@click.group(name="dataset", cls=_Group)
def command() -> None:
    """Seal a data set at its birth, so that leaks can be proved later."""

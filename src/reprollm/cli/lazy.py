"""Groups whose commands are imported when they are called, so that help loads click alone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands' modules below `reprollm.cli`, and what each does."""

    def __init__(self, members: Mapping[str, tuple[str, str]], **options: Any) -> None:
        """Take module and sentence of each command, by its name."""
        super().__init__(**options)
        self._members = members

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of the help."""
        return list(self._members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None for an unknown name."""
        if cmd_name not in self._members:
            return None
        module = importlib.import_module(f"reprollm.cli.{self._members[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and what they do, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in self._members.items()])

"""Every command explains itself, with an example."""

import click
import pytest
from click.testing import CliRunner

from reprollm.cli import reprollm


def commands() -> list[tuple[str, ...]]:
    """Return the names of all commands, those of groups in full."""
    found: list[tuple[str, ...]] = []
    context = click.Context(reprollm)
    for name in reprollm.list_commands(context):
        command = reprollm.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.list_commands(context)]
        else:
            found.append((name,))
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_help_of_every_command_has_an_example(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(reprollm, [*command, "--help"])
    assert shown.exit_code == 0
    assert f"Example: reprollm {' '.join(command)} " in " ".join(shown.output.split())


def test_an_unknown_command_is_a_mistake_of_the_command_line() -> None:
    assert CliRunner().invoke(reprollm, ["verfy"]).exit_code == 2

"""Command lines held against the command line's own definition, without running anything."""

from __future__ import annotations

import re
import shlex
import tomllib

import click

from docs.blocks import CHECKOUT
from reprollm.cli import reprollm


def resolve(words: list[str]) -> tuple[click.Command, str, list[str]]:
    """Return the command that the words behind `reprollm` name, its name, and the rest."""
    command: click.Command = reprollm
    context = click.Context(reprollm)
    names = ["reprollm"]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        assert inner is not None, f"{' '.join(names)} has no command {words[0]!r}"
        command, names, words = inner, [*names, words[0]], words[1:]
    return command, " ".join(names), words


def parse(line: str) -> None:
    """Parse a command line: the command, its options, their choices and numbers.

    Files are not looked for. Raises an error of click or an AssertionError.
    """
    words = shlex.split(line, comments=True)
    while "=" in words[0]:
        words = words[1:]
    command, name, rest = resolve(words[1:])
    context = click.Context(command, info_name=name)
    values, _, order = command.make_parser(context).parse_args(rest)
    for parameter in order:
        given = values[str(parameter.name)]
        if isinstance(parameter, click.Option) and not isinstance(parameter.type, click.Path):
            for value in given if isinstance(given, list | tuple) else [given]:
                parameter.type.convert(value, parameter, context)
    for parameter in command.params:
        given = values.get(str(parameter.name))
        missing = parameter.required and not isinstance(given, str | int | tuple | list)
        assert not missing, f"{name} needs {parameter.human_readable_name}"


def check(line: str) -> None:
    """Check a command that is not run here as far as that is possible."""
    line = line.removeprefix(".venv/bin/")
    program = line.split()[0]
    if program == "reprollm":
        parse(line)
    elif program == "make":
        makefile = (CHECKOUT / "Makefile").read_text()
        target = line.split()[1]
        assert re.search(rf"^{target}:", makefile, re.M), f"the Makefile has no {target}"
    elif program == "pip" and (extras := re.search(r"\.\[([\w,]+)\]", line)):
        project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
        assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    for path in re.findall(r"\S*envs/\S+|\S*experiments/normalisation/make/\S+", line):
        assert (CHECKOUT / path).exists(), path

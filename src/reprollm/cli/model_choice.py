"""`--model NAME`: which of an experiment's models a command is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def model_choice(command: _Command) -> _Command:
    """Add the option, which is demanded where an experiment has several models."""
    option = click.option(
        "--model",
        metavar="NAME",
        help="Which of the experiment's models, where it has several.",
    )
    return option(command)

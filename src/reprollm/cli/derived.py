"""The options that say how weights were made from others, and the derivation that they state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.errors import InvalidInput

if TYPE_CHECKING:
    from reprollm.snapshot.derivation import Derivation

_LOCK = click.Path(dir_okay=False, path_type=Path)


def derived_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--derived-from`, `--tool`, `--tool-version` and `--parameter` to a command."""
    options = (
        click.option(
            "--derived-from",
            "sources",
            metavar="LOCK",
            type=_LOCK,
            multiple=True,
            help="The weights were made from those of LOCK by another tool; may be repeated.",
        ),
        click.option("--tool", metavar="NAME", help="What made them, such as llama-quantize."),
        click.option("--tool-version", metavar="TEXT", help="Its version or commit."),
        click.option(
            "--parameter",
            "parameters",
            metavar="NAME=VALUE",
            multiple=True,
            help="What it was told, such as type=Q4_K_M; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def derivation(
    sources: tuple[Path, ...], tool: str | None, version: str | None, parameters: tuple[str, ...]
) -> Derivation | None:
    """Return what the options state, None where they state nothing.

    Raises:
        InvalidInput: some of them are missing or malformed.
    """
    from reprollm.snapshot.derivation import Derivation, Parameter, Source
    from reprollm.snapshot.lock import load_lock

    if not (sources or tool or version or parameters):
        return None
    if not (sources and tool and version):
        raise InvalidInput(
            "expected --derived-from, --tool and --tool-version together, found only some of them; "
            "say from what the weights were made, with what, and in which version"
        )
    locks = [load_lock(source) for source in sources]
    return Derivation(
        sources=tuple(Source("source", lock.name, lock.snapshot, lock.weights) for lock in locks),
        tool=tool,
        tool_version=version,
        parameters=tuple(Parameter(*_pair(parameter)) for parameter in sorted(parameters)),
    )


def _pair(parameter: str) -> tuple[str, str]:
    name, sign, value = parameter.partition("=")
    key = name.strip().lower().replace("-", "_")
    if not sign or not key.replace("_", "").isalnum() or not key.isascii():
        raise InvalidInput(
            f"expected --parameter NAME=VALUE with a name of letters, digits and _, found "
            f"{parameter!a:.80}"
        )
    return key, value

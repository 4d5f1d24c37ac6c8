"""`reprollm server`: look at a server before an experiment relies on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reprollm.cli import terminal
from reprollm.experiment.engine import SERVER_KINDS

if TYPE_CHECKING:
    from reprollm.engines.server.survey import Survey


@click.group(
    "server",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: reprollm server probe http://127.0.0.1:11434 --model llama3.2:1b",
)
def command() -> None:
    """Look at servers of language models."""


@command.command(
    "probe",
    epilog="Example: reprollm server probe http://127.0.0.1:11434 --model llama3.2:1b",
)
@click.argument("url")
@click.option("--kind", type=click.Choice(SERVER_KINDS), help="What the server is said to be.")
@click.option("--model", help="Ask this model some fixed prompts; without, ask nothing.")
@click.option("--key-variable", metavar="VARIABLE", help="Environment variable with the API's key.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def probe_command(
    url: str, kind: str | None, model: str | None, key_variable: str | None, as_json: bool
) -> None:
    """Show what the server at URL is, what it says of a model, and what it really does.

    Only fixed prompts are sent, none of an experiment's.
    """
    from reprollm.engines.server.survey import survey

    seen = survey(url, kind, model, key_variable)
    if as_json:
        click.echo(json.dumps(seen.to_json()))
        return
    console = terminal.console()
    console.print(terminal.table(terminal.safe(seen.address), ("", ""), _facts(seen)))
    if seen.probed is not None:
        rows = [(what, _word(value)) for what, value in _seen(seen)]
        console.print()
        console.print(terminal.table("What it does", ("", ""), rows))


def _facts(seen: Survey) -> list[tuple[str, str]]:
    said = seen.identity
    rows = [
        ("requests leave this machine", "yes" if seen.remote else "no"),
        ("recognised as", seen.kind if seen.kind != "openai" else "no kind that is known"),
        ("asked as", seen.spoken),
        ("models", ", ".join(seen.models) or "none listed"),
    ]
    if said is not None:
        rows += [
            ("version", said.version or "not said"),
            ("model", said.model or "not said"),
            ("files it says it loaded", ", ".join(said.paths) or "not said"),
            ("digest", said.digest or "not said"),
            ("context", "not said" if said.context is None else f"{said.context:,}"),
        ]
        rows += [(name, str(value)) for name, value in said.facts.items()]
    return rows


def _seen(seen: Survey) -> list[tuple[str, object]]:
    assert seen.probed is not None
    found = seen.probed.probe
    return [
        ("same text when asked again", found.repeated),
        ("same log-probability bits", found.same_bits),
        ("their largest difference", found.largest),
        ("prompt tokens from a cache", found.cached),
        ("seed belongs to", found.seed),
        ("greedy takes the likeliest", found.likeliest),
        ("every token has a log-probability", found.complete),
    ]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not told" if value is None else str(value)

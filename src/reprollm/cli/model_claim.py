"""`reprollm model claim`: a lock for a model of which nothing is known but a server's word."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reprollm.experiment.engine import SERVER_KINDS


@click.command(
    "claim",
    epilog="Example: reprollm model claim https://llm.example.org my-model --kind openai "
    "--key-variable LLM_KEY -o models/my-model.lock.json",
)
@click.argument("url")
@click.argument("model")
@click.option("--kind", type=click.Choice(SERVER_KINDS), required=True, help="What the server is.")
@click.option(
    "-o",
    "--output",
    metavar="LOCK",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The lock to write.",
)
@click.option("--name", help="Name for people; by default the server's name for the model.")
@click.option("--key-variable", metavar="VARIABLE", help="Environment variable with the API's key.")
@click.option("--replace", is_flag=True, help="Overwrite a lock that pins something else.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(
    url: str,
    model: str,
    kind: str,
    output: Path,
    name: str | None,
    key_variable: str | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Write a lock for MODEL of the server at URL, whose files are not on this machine.

    Such a model is claimed: a name over HTTP. Experiments need `trust: claimed` to take it, every
    table says so, and answers stand under the name, not under any weights.
    """
    from reprollm.cli.terminal import safe
    from reprollm.engines.server.survey import claim
    from reprollm.snapshot.claimed import claimed_lock
    from reprollm.snapshot.lock import write_lock

    lock = claimed_lock(claim(url, kind, model, key_variable), name)
    written = write_lock(lock, output, replace=replace)
    if as_json:
        shown = {"lock": str(output), "snapshot": lock.snapshot, "trust": "claimed"}
        click.echo(json.dumps(shown))
        return
    click.echo(f"{'wrote' if written else 'unchanged:'} {output}")
    click.echo(f"snapshot {lock.snapshot}, claimed by {safe(url)}")

"""`reprollm dataset reveal`."""

from __future__ import annotations

import json
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOUND = click.Path(path_type=Path, dir_okay=False, exists=True)
_KINDS = ("twins", "order", "canaries")


@click.command(
    name="reveal",
    epilog="Example: reprollm dataset reveal sealed/letters.seal.json letters.secrets.json -o "
    "sealed/letters.openings.json",
)
@click.argument("seal", type=_FOUND)
@click.argument("secrets", type=_FOUND)
@click.option("-o", "--output", required=True, type=_FILE, help="Write the openings here.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Open this only; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was opened as JSON.")
def command(seal: Path, secrets: Path, output: Path, kinds: tuple[str, ...], as_json: bool) -> None:
    """Write what opens SEAL, all or some kinds of it, as a file for everybody.

    Anybody can then hold texts and seeds against the seal with `reprollm dataset check`. Published
    texts can be trained on: of models that come later, the tests of these kinds say nothing any
    more. Reveal when you have tested what you wanted to test.
    """
    from reprollm.cli.terminal import safe
    from reprollm.errors import InvalidInput
    from reprollm.records.shard import write_once
    from reprollm.sealing.seal import load_seal
    from reprollm.sealing.secrets import OPENINGS, load_secrets, only
    from reprollm.sealing.writing import secrets_bytes

    sealed = load_seal(seal)
    opened = load_secrets(secrets, sealed)
    wanted = [kind for kind in _KINDS if getattr(opened, kind) and kind in (kinds or _KINDS)]
    missing = [kind for kind in kinds if kind not in wanted]
    if missing or not wanted:
        raise InvalidInput(
            f"expected something that opens {', '.join(missing) or 'the seal'} in {secrets}, found "
            "nothing; it was not sealed, or stayed closed"
        )
    content = secrets_bytes(OPENINGS, only(opened, wanted))
    if not write_once(output, content):
        raise InvalidInput(f"expected no file at {output}, found one; it was left as it is")
    if as_json:
        said = {"seal": sealed.sha256, "file": str(output), "opens": wanted}
        click.echo(json.dumps(said, indent=2))
        return
    click.echo(safe(str(output)))
    click.echo(
        f"opens: {', '.join(wanted)}. Once this file is public, their sealed tests are spent: they "
        "say nothing of models that are trained from now on"
    )

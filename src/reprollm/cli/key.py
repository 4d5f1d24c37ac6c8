"""`reprollm key`: make and show the note key that signs checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reprollm.signing.note_key import VerifierKey

_KEY_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(name="key")
def command() -> None:
    """Make and show the key that signs checkpoints."""


@command.command(epilog="Example: reprollm key new --name example.org/jane-doe")
@click.option("--name", help="What the key is called; by default after its own public half.")
@click.option("-o", "--output", type=_KEY_FILE, help="Write it here instead of your settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the key's public half as JSON.")
def new(name: str | None, output: Path | None, as_json: bool) -> None:
    """Make an Ed25519 key: the private half in a file that only you may read.

    The public half is printed: hand it to those who shall check your signatures. Keep the file
    out of every ledger, and keep a copy: a lost key cannot be made again.
    """
    from reprollm.signing.key_file import default_path, write_key
    from reprollm.signing.note_key import new_signing_key

    path = output or default_path()
    key = new_signing_key(name)
    write_key(path, key)
    if as_json:
        click.echo(json.dumps(_shown(key.verifier(), path), indent=2))
        return
    click.echo(f"private key in {path}, mode 0600; the public key to hand out:", err=True)
    click.echo(key.verifier().text())


@command.command(epilog="Example: reprollm key show > jane-doe.vkey")
@click.option("--key", "key_file", type=_KEY_FILE, help="The key's file, if not the usual one.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
def show(key_file: Path | None, as_json: bool) -> None:
    """Print the public half of your key, one line to hand out."""
    from reprollm.signing.key_file import default_path, read_key

    path = key_file or default_path()
    key = read_key(path).verifier()
    if as_json:
        click.echo(json.dumps(_shown(key, path), indent=2))
    else:
        click.echo(key.text())


def _shown(key: VerifierKey, path: Path) -> dict[str, str]:
    return {"name": key.name, "id": key.key_id.hex(), "vkey": key.text(), "file": str(path)}

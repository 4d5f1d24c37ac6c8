"""`reprollm proof`: prove that one record is in a log, and check such a proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.cli.progress import counting, records_in
from reprollm.cli.terminal import safe, whole

if TYPE_CHECKING:
    from reprollm.signing.proof import Proven

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOUND = click.Path(path_type=Path, dir_okay=False, exists=True)
_KINDS = ("generation", "failure", "request")


@click.group(name="proof")
def command() -> None:
    """Prove that one record is in the log, in a text that is checked alone."""


@command.command(
    epilog="Example: reprollm proof make ledger/normalisation 17 -o record-17.tlog-proof"
)
@click.argument("ledger", type=LedgerFolder())
@click.argument("record")
@click.option("-o", "--output", type=_FILE, help="Write the proof here instead of printing it.")
@click.option("--record-to", type=_FILE, help="Write the record itself here, to hand over too.")
@click.option("--with-record", is_flag=True, help="Let the record travel inside the proof.")
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True,
              help="Which of a request's records.")  # fmt: skip
def make(
    ledger: Path,
    record: str,
    output: Path | None,
    record_to: Path | None,
    with_record: bool,
    kind: str,
) -> None:
    """Prove that RECORD is in the log of LEDGER.

    RECORD is a position in the log, or the first eight or more hex digits of a request's id, which
    means the answer that counts for it. LEDGER may also be an unpacked bundle.

    The proof holds the record's hash and is short enough for a footnote; --record-to writes the
    record to show with it.
    """
    from reprollm.records.receipt import replace_file
    from reprollm.signing import prove
    from reprollm.signing.log import read_log
    from reprollm.signing.store import ledger_folder

    folder = ledger_folder(ledger)
    with counting("reading records", records_in(ledger)) as on_records:
        log = read_log(folder, on_records)
    log.require_roots()
    found = prove.find(folder, log, record, kind)
    text = prove.make(folder, log, found, carry_record=with_record).text()
    if record_to:
        replace_file(record_to, found.line + b"\n")
    if output:
        replace_file(output, text.encode())
    else:
        click.echo(whole(text), nl=False)
    click.echo(f"record {found.position}, proof of {len(text.encode())} bytes", err=True)


@command.command(epilog="Example: reprollm proof check record-17.tlog-proof --key jane-doe.vkey")
@click.argument("file", type=click.File("rb"))
@click.option("--record", type=_FOUND, help="The record that was handed over with the proof.")
@click.option("--key", metavar="VKEY", help="Verifier key, or its file, that must have signed.")
@click.option(
    "--checkpoint", type=click.File("rb"), help="A checkpoint you kept, which it must be under."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was shown as JSON.")
def check(file: Any, record: Path | None, key: str | None, checkpoint: Any, as_json: bool) -> None:
    """Check the proof in FILE (or `-`) alone; no ledger is needed.

    A proof is worth what its checkpoint is worth: name the author's key with --key, or a
    checkpoint that you kept with --checkpoint. With neither, only the text is consistent.
    """
    from reprollm.errors import naming
    from reprollm.signing import proof
    from reprollm.signing.growth import read_kept
    from reprollm.signing.trusted import verifier_key

    with naming(file.name):
        parsed = proof.parse(file.read(proof.MAX_BYTES + 1))
    line = None if record is None else _line(record)
    proven = proof.check(parsed, line, [verifier_key(key)] if key else [])
    if checkpoint:
        with naming(checkpoint.name):
            kept = read_kept(checkpoint.read(proof.MAX_BYTES + 1))
        proof.require_kept(proven, kept)
    trusted = _trusted(proven, kept=bool(checkpoint))
    if as_json:
        click.echo(json.dumps(_to_json(proven, trusted), indent=2))
    else:
        _print(proven, trusted)


def _line(path: Path) -> bytes:
    return path.read_bytes().removesuffix(b"\n")


def _trusted(proven: Proven, *, kept: bool) -> list[str]:
    signed = [f"signed by {key.name} with the key {key.text()}" for key in proven.signers]
    return signed + (["the checkpoint that was kept"] if kept else [])


def _print(proven: Proven, trusted: list[str]) -> None:
    at = proven.checkpoint
    what = "a record" if proven.record is None else _described(proven.record)
    click.echo(f"{safe(what)}, leaf {proven.leaf.hex()},")
    click.echo(f"is record {proven.index} of the log {safe(at.origin)},")
    click.echo(f"which held {at.size} records with the root {at.root.hex()}")
    for reason in trusted:
        click.echo(f"that checkpoint is {safe(reason)}")
    for item in proven.unknown:
        click.echo(f"not checked: a signature line of {safe(item.name)} ({item.key_id.hex()})")
    if proven.record is None:
        click.echo("not checked: what the record says; name its file with --record")
    if not trusted:
        click.echo(
            "not checked: whose log this is; name the author's key with --key, or a checkpoint "
            "that you kept with --checkpoint"
        )


def _described(record: dict[str, Any]) -> str:
    of = f" for the request {record['request']}" if isinstance(record.get("request"), str) else ""
    return f"a record of kind {record.get('kind')}{of}"


def _to_json(proven: Proven, trusted: list[str]) -> dict[str, Any]:
    at = proven.checkpoint
    return {
        "schema": "reprollm/proven/1",
        "holds": True,
        "index": proven.index,
        "leaf": proven.leaf.hex(),
        "record": proven.record,
        "origin": at.origin,
        "size": at.size,
        "root": at.root.hex(),
        "trusted": trusted,
        "signers": [key.text() for key in proven.signers],
        "unknown": [item.line() for item in proven.unknown],
    }

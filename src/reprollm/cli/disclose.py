"""`reprollm disclose`: open single records later, so that anyone can check what was withheld."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="Example: reprollm disclose ledger/normalisation 1700 --field output -o one.jsonl"
)
@click.argument("ledger", type=click.Path(file_okay=False, path_type=Path))
@click.argument("record")
@click.option(
    "--field",
    "fields",
    multiple=True,
    help="Open only this field, for example output; repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output by default.",
)
def command(ledger: Path, record: str, fields: tuple[str, ...], output: Path | None) -> None:
    """Write the texts of RECORD with their salts, from the LEDGER that holds them.

    RECORD is a position in the log, or at least eight hex digits of a request id: then all records
    about the request are opened. Whoever has a bundle in which these texts are withheld checks the
    file with `reprollm verify BUNDLE --opening FILE`, or with the bundle's own verify.py.
    """
    from reprollm.ledger.lookup import find
    from reprollm.withholding.disclosure import disclose

    at = [stored.position for stored in find(ledger, record)]
    content = b"".join(line + b"\n" for line in disclose(ledger, at, fields))
    if output is None:
        click.echo(content, nl=False)
        return
    _write(output, content)
    click.echo(f"{len(content.splitlines())} records opened in {output}", err=True)


def _write(path: Path, content: bytes) -> None:
    from reprollm.errors import InvalidInput
    from reprollm.records.receipt import replace_file

    if path.exists() and path.read_bytes() != content:
        raise InvalidInput(f"expected no other file at {path}, found one; name another with -o")
    replace_file(path, content)

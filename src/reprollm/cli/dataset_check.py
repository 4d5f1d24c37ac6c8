"""`reprollm dataset check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reprollm.sealing.seal import Seal
    from reprollm.sealing.secrets import Secrets

_FOUND = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(
    name="check",
    epilog="Example: reprollm dataset check sealed/letters.csv sealed/letters.seal.json",
)
@click.argument("data", type=_FOUND)
@click.argument("seal", type=_FOUND)
@click.argument("openings", type=_FOUND, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(data: Path, seal: Path, openings: Path | None, as_json: bool) -> None:
    """Hold DATA, a published file, against its SEAL; with OPENINGS, everything that they open.

    OPENINGS is the private part of the seal, or what `reprollm dataset reveal` has published: each
    text, salt and seed must be the one that was committed to, and what was published must be what
    the seeds draw. Exit code 4 names the first defect.
    """
    from reprollm.cli.terminal import safe
    from reprollm.errors import CommitmentMismatch
    from reprollm.sealing.seal import load_seal
    from reprollm.sealing.secrets import read_secrets

    sealed = load_seal(seal)
    opened = read_secrets(openings) if openings else None
    defects = _defects(data, sealed, opened)
    kinds = [kind for kind in ("twins", "order", "canaries") if getattr(sealed, kind)]
    checked = [kind for kind in kinds if opened and getattr(opened, kind)]
    if as_json:
        value = {
            "holds": not defects,
            "seal_sha256": sealed.sha256,
            "sealed": kinds,
            "opened": checked,
            "defects": defects,
        }
        click.echo(json.dumps(value, indent=2))
    else:
        click.echo(f"{sealed.sha256}  {safe(seal.name)}, sealed {safe(sealed.created)}")
        for kind in kinds:
            state = "opened and checked" if kind in checked else "committed to, not opened"
            click.echo(f"{kind}: {state}")
        for defect in defects:
            click.echo(f"PROBLEM {safe(defect)}")
        click.echo("the data set holds" if not defects else "the data set does NOT hold")
    if defects:
        more = f" (and {len(defects) - 1} more)" if len(defects) > 1 else ""
        raise CommitmentMismatch(f"{defects[0]}{more}")


def _defects(data: Path, seal: Seal, opened: Secrets | None) -> list[str]:
    """Return all defects; texts are compared with the published rows only where these can be read.

    A changed file may well be malformed: that is a defect then, not a reason to stop.
    """
    from reprollm.cli.dataset_rows import read_table
    from reprollm.errors import DataInvalid
    from reprollm.sealing.check import data_defects, drawn_defects, hash_defects, opening_defects

    defects = list(hash_defects(seal, data.read_bytes()))
    table = None
    try:
        table = read_table(data, seal.data.form)
        defects += data_defects(seal, table)
    except DataInvalid as error:
        defects.append(str(error))
    if opened is not None:
        wrong = list(opening_defects(seal, opened))
        defects += wrong
        if table is not None and not wrong:
            defects += drawn_defects(seal, opened, table)
    return defects

"""`reprollm verify`: a bundle or ledger, level by level, for whoever trusts nobody."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.progress import counting, records_in

if TYPE_CHECKING:
    from reprollm.records.checkpoint import Checkpoint
    from reprollm.review.demands import Demands

_PATH = click.Path(path_type=Path)


@click.command(epilog="Example: reprollm verify bundle.zip")
@click.argument("path", type=_PATH)
@click.option(
    "--opening",
    "openings",
    multiple=True,
    type=_PATH,
    help="Texts that were disclosed later: check and show them; repeatable.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY|FILE",
    help="A public key that must have signed the last checkpoint; repeatable.",
)
@click.option(
    "--checkpoint",
    "kept",
    multiple=True,
    type=_PATH,
    help="A checkpoint that you kept: the log must still begin with it; repeatable.",
)
@click.option(
    "--allow-incomplete", is_flag=True, help="Accept runs that have not answered every request."
)
@click.option("--json", "as_json", is_flag=True, help="Print the verification as JSON.")
def command(
    path: Path,
    openings: tuple[Path, ...],
    keys: tuple[str, ...],
    kept: tuple[Path, ...],
    allow_incomplete: bool,
    as_json: bool,
) -> None:
    """Check the bundle (zip or unpacked) or ledger at PATH, and say what was not checked.

    L0 files, L1 log, L2 completeness, L3 numbers; L4, re-execution, needs the model (see: reprollm
    challenge). Exit code 0: nothing that was checked is wrong; 10, 11, 12, 13: the lowest level
    that fails; 3: PATH is no bundle and no ledger.
    """
    from reprollm.cli.verification_page import page
    from reprollm.review.verification import Progress, verify_path

    demands = _demands(openings, keys, kept, allow_incomplete)
    with (
        counting("reading bytes", path.stat().st_size if path.is_file() else None) as read,
        counting("verifying records", records_in(path)) as verified,
        counting("scoring answers") as scored,
    ):
        found = verify_path(path, demands, Progress(read, verified, scored))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        click.echo(page(str(path), found), nl=False)
    sys.exit(found.exit_code)


def _demands(
    openings: tuple[Path, ...], keys: tuple[str, ...], kept: tuple[Path, ...], incomplete: bool
) -> Demands:
    from reprollm.review.demands import Demands
    from reprollm.signing.trusted import public_key
    from reprollm.withholding.disclosure import read_disclosure

    return Demands(
        keys=[public_key(key) for key in keys],
        kept=[_kept(file) for file in kept],
        openings=[line for file in openings for line in read_disclosure(file)],
        allow_incomplete=incomplete,
    )


def _kept(path: Path) -> Checkpoint:
    from reprollm.errors import InvalidInput, naming
    from reprollm.signing.growth import read_kept

    try:
        with naming(path):
            return read_kept(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"could not read the checkpoint {path}: {error.strerror}") from None

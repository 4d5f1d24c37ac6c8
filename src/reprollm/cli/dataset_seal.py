"""`reprollm dataset seal`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reprollm.sealing.seal import Seal
    from reprollm.sealing.store import Places
    from reprollm.sealing.wish import Further

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOUND = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(
    name="seal",
    epilog="Example: reprollm dataset seal letters.csv -o sealed --variants variants.csv --order "
    "--canaries 1",
)
@click.argument("data", type=_FOUND)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the published file and the seal.",
)
@click.option(
    "--variants", type=_FOUND, help="CSV: id and the columns that vary, one row a further variant."
)
@click.option("--order", is_flag=True, help="Put the rows in an order drawn by lot.")
@click.option(
    "--canaries",
    type=click.IntRange(0),
    default=0,
    help="How many random strings to publish in a column of their own (default 0).",
)
@click.option(
    "--holdbacks",
    type=click.IntRange(1, 9999),
    default=199,
    show_default=True,
    help="How many more to keep back for each.",
)
@click.option("--name", help="What the data set and this edition of it are called.")
@click.option("--id", "id_column", default="id", show_default=True, help="The column of ids.")
@click.option("--delimiter", type=click.Choice([",", ";", "\t"]), default=",", show_default=True)
@click.option("--encoding", default="utf-8", show_default=True, help="Of all files.")
@click.option(
    "--secrets",
    type=_FILE,
    help="Where the private part goes; by default into your user's folder of data.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def command(
    data: Path,
    folder: Path,
    variants: Path | None,
    order: bool,
    canaries: int,
    holdbacks: int,
    name: str | None,
    id_column: str,
    delimiter: str,
    encoding: str,
    secrets: Path | None,
    as_json: bool,
) -> None:
    """Publish DATA as chance decides, and commit to what chance might have given instead.

    Of each item with further variants one variant is drawn; rows may be put in an order that is
    drawn, and random strings added in a column `canary`. FOLDER then holds the file to publish and
    its seal, also public. The private part opens the seal: keep it, keep a copy, show it to nobody.
    From then on DATA and the variants are private too.

    Hand the SHA-256 of the seal to somebody else before you publish. See docs/sealing.md.
    """
    from reprollm.cli.dataset_rows import read_further, read_table
    from reprollm.records.time import utc_now
    from reprollm.sealing.make import make
    from reprollm.sealing.seal import parse_seal
    from reprollm.sealing.store import Places, write_sealed
    from reprollm.sealing.table import Format
    from reprollm.sealing.wish import Wish

    form = Format(id_column, delimiter, encoding)
    table = read_table(data, form)
    further: Further | None = read_further(variants, table, form) if variants else None
    title = name or data.stem
    made = make(table, form, Wish(further, order, canaries, holdbacks), title, utc_now())
    seal = parse_seal(made.seal, "the new seal")
    places = Places(
        folder / data.name,
        folder / f"{data.stem}.seal.json",
        secrets or _private_folder() / f"{data.stem}-{seal.sha256[:16]}.secrets.json",
    )
    write_sealed(places, made)
    if as_json:
        click.echo(json.dumps(_to_json(seal, places), indent=2))
    else:
        _show(seal, places, [path for path in (data, variants) if path])


def _private_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("reprollm") / "seals"


def _to_json(seal: Seal, places: Places) -> dict[str, object]:
    return {
        "data": str(places.data),
        "seal": str(places.seal),
        "secrets": str(places.secrets),
        "seal_sha256": seal.sha256,
        "data_sha256": seal.data.sha256,
        "items": seal.data.items,
        "twins": len(seal.twins.items) if seal.twins else 0,
        "order": seal.order is not None,
        "canaries": len(seal.canaries.sets) if seal.canaries else 0,
        "tests": [
            {"test": test, "smallest_p": p, "detectable_share": share}
            for test, p, share in _reach(seal)
        ],
    }


def _reach(seal: Seal) -> list[tuple[str, float, float | None]]:
    """Return each rank test's smallest p-value and the share of groups that it would find."""
    from reprollm.statistics.rank_sum import detectable_share, share_at_most

    kinds = (
        ("sealed twins", seal.twins.items if seal.twins else ()),
        ("canaries", seal.canaries.sets if seal.canaries else ()),
    )
    sizes = [(test, [len(group.variants) for group in groups]) for test, groups in kinds if groups]
    return [(test, share_at_most(0, each), detectable_share(each)) for test, each in sizes]


def _show(seal: Seal, places: Places, now_private: list[Path]) -> None:
    from reprollm.cli.terminal import safe
    from reprollm.sealing.store import published_with

    items = len(seal.twins.items) if seal.twins else 0
    click.echo(f"publish  {safe(str(places.data))}")
    click.echo(f"publish  {safe(str(places.seal))}")
    click.echo(f"keep     {safe(str(places.secrets))} (mode 0600; show it to nobody)")
    names = ", ".join(safe(str(path)) for path in now_private)
    click.echo(f"keep     {names}: private from now on")
    click.echo("")
    order = "drawn by lot" if seal.order else "as it was"
    canaries = len(seal.canaries.sets) if seal.canaries else 0
    click.echo(f"items: {seal.data.items}, with variants: {items}", nl=False)
    click.echo(f"; order: {order}; canaries: {canaries}")
    for test, smallest, share in _reach(seal):
        click.echo(f"{test}: no p-value below {smallest:.3g}; ", nl=False)
        if share is None:
            click.echo("cannot reach 0.05, seal more")
        else:
            click.echo(f"finds at 0.05, 4 times in 5, a model that knows {share:.0%} of them")
    for path in (places.secrets, *now_private):
        checkout = published_with(path)
        if checkout is not None:
            click.echo(
                f"warning: {safe(path.name)}, which is private, lies in the checkout "
                f"{safe(str(checkout))}; see that it is not committed, and was not before"
            )
    click.echo("\nHand this line to someone outside before you publish: a co-author, a registry.\n")
    click.echo(f"{seal.sha256}  {safe(places.seal.name)}")

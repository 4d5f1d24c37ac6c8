"""`reprollm challenge`: ask a random part of a bundle's requests again, and say what follows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.model_choice import model_choice
from reprollm.errors import InvalidInput, NotReproduced

if TYPE_CHECKING:
    from reprollm.compare.challenge import Challenge, Challenged

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: reprollm challenge bundle.zip --nonce 'lottery of 31 January: 4 8 15 16 23 42'"
)
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--nonce",
    required=True,
    help="Any text of your own that the author could not foresee when the bundle was made.",
)
@click.option(
    "-k", "count", type=click.IntRange(min=1), default=20, show_default=True, help="How many."
)
@click.option(
    "--models",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to search for the weights, before the usual ones; repeatable.",
)
@click.option("--lock", type=_FILE, help="Lock file of the model; by default the bundle's own.")
@model_choice
@click.option(
    "--opening",
    "openings",
    multiple=True,
    type=_FILE,
    help="Prompts that the author disclosed later (reprollm disclose); repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole outcome to this file as JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole outcome as JSON.")
def command(
    bundle: Path,
    nonce: str,
    count: int,
    models: tuple[Path, ...],
    lock: Path | None,
    model: str | None,
    openings: tuple[Path, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Ask requests of BUNDLE again with the local weights, drawn so that nobody chose them.

    BUNDLE is a bundle (zip or unpacked) or a ledger folder. Which requests are drawn follows from
    its last root and from your nonce alone. The nonce must be your own, and chosen after the author
    fixed the root: with a nonce that the author knew before, altered answers could be placed where
    none is drawn. Exit code 0 means that every drawn answer came out identical; 5 that one did not;
    3 that a drawn prompt is withheld, and names what the author must disclose.
    """
    from reprollm.environment import go_offline

    go_offline()
    from reprollm.cli.challenge_page import show, to_json
    from reprollm.cli.progress import counting, records_in
    from reprollm.compare.challenge import challenge

    if models:
        _search_first(models)
    with _ledger_in(bundle) as ledger:
        with counting("verifying records", records_in(ledger)) as on_records:
            made = challenge(ledger, nonce, count, on_records, model)
        made = made.opened(_disclosed(ledger, openings))
        if made.withheld():
            _refuse_withheld(made)
        outcome = _asked(made, lock)
    told = to_json(outcome, str(bundle))
    if output is not None:
        _write(output, told)
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        show(outcome)
    if not outcome.reproduced:
        raise NotReproduced(outcome.statement.sentence)


def _asked(made: Challenge, lock_file: Path | None) -> Challenged:
    from reprollm.cli.progress import answering
    from reprollm.compare.challenge import ask
    from reprollm.compare.rerun import model_of
    from reprollm.engines.exposure import require_here
    from reprollm.engines.opening import open_checked

    model = model_of(made.ledger, made.core, lock_file)
    engine = open_checked(model, made.engine, mode="full").engine
    try:
        require_here(engine, "a challenge")
        with answering(len(made.drawn)) as advance:
            return ask(made, engine, advance)
    finally:
        engine.close()


def _search_first(models: Sequence[Path]) -> None:
    from reprollm.snapshot.places import VARIABLE

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = os.pathsep.join([*map(str, models), *([before] if before else [])])


@contextmanager
def _ledger_in(path: Path) -> Iterator[Path]:
    """Give the ledger folder in a bundle whose files were checked, or the folder itself."""
    import tempfile

    from reprollm.review.unpacked import scan, unpack

    if path.is_dir():
        inside = path / "ledger"
        if inside.is_dir():
            _require_files(scan(path))
        yield inside if inside.is_dir() else path
        return
    with tempfile.TemporaryDirectory(prefix="reprollm-challenge-") as folder:
        _require_files(unpack(path, Path(folder)))
        yield Path(folder) / "ledger"


def _require_files(files: Any) -> None:
    """Raise the first thing that is wrong with a bundle's files."""
    from reprollm import errors
    from reprollm.review.files import check_files

    for defect in check_files(files).findings.defects:
        error: type[errors.ReprollmError] = getattr(errors, defect.defect)
        raise error(f"{defect.defect}: {defect.sentence}")


def _disclosed(ledger: Path, openings: Sequence[Path]) -> dict[int, bytes]:
    """Return the disclosed prompts' token ids by position, checked against their commitments."""
    from reprollm.withholding.disclosure import check_disclosure, read_disclosure

    lines = [line for path in openings for line in read_disclosure(path)]
    found = check_disclosure(ledger, lines) if lines else []
    return {item.position: item.value for item in found if item.field == "prompt_ids"}


def _refuse_withheld(made: Challenge) -> None:
    lacking = made.withheld()
    places = " ".join(str(asked.position) for asked in lacking)
    raise InvalidInput(
        f"expected the prompts of all {len(made.drawn)} drawn requests to be opened, found "
        f"{len(lacking)} withheld; ask the author for the token ids of records {places}, each by "
        "`reprollm disclose LEDGER RECORD --field prompt_ids -o FILE`, and give the files with "
        "--opening; draw with the same nonce"
    )


def _write(path: Path, told: dict[str, Any]) -> None:
    from reprollm.records.receipt import replace_file

    replace_file(path, json.dumps(told, indent=2, ensure_ascii=False).encode("utf-8") + b"\n")

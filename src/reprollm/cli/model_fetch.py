"""`reprollm model fetch`: the one command that asks a hub of models for files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli import terminal
from reprollm.cli.progress import moving

if TYPE_CHECKING:
    from reprollm.sources.host import Host

_SHOWN = 20


@click.command(
    "fetch",
    epilog="Example: reprollm model fetch "
    "EleutherAI/pythia-14m@0123456789abcdef0123456789abcdef01234567",
)
@click.argument("reference", metavar="REPO@COMMIT")
@click.option(
    "--from",
    "source",
    type=click.Choice(["hub", "modelscope"]),
    default="hub",
    show_default=True,
    help="The Hugging Face hub (HF_ENDPOINT, HF_TOKEN) or ModelScope (MODELSCOPE_DOMAIN, "
    "MODELSCOPE_API_TOKEN).",
)
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where to; by default a folder here with the repository's name.",
)
@click.option(
    "-o",
    "--output",
    metavar="LOCK",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The lock to write; by default FOLDER.lock.json.",
)
@click.option(
    "--include",
    metavar="GLOB",
    multiple=True,
    help="Of the weights take only these, such as '*Q4_K_M*'; may be repeated.",
)
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave out files, such as '*.py' or 'original/*'; may be repeated.",
)
@click.option("--replace", is_flag=True, help="Overwrite a lock that pins something else.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(
    reference: str,
    source: str,
    into: Path | None,
    output: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    replace: bool,
    as_json: bool,
) -> None:
    """Fetch the model REPO at a full COMMIT, check it against the hub's digests, and pin it.

    Only weights in safetensors or GGUF and small files are fetched, never pickles or code. A killed
    command goes on where it stopped when it is started again. Everything after works offline.
    """
    from reprollm.snapshot.lock import write_lock
    from reprollm.sources.fetch import fetch, survey
    from reprollm.sources.reference import parse_reference

    host = _host(source)
    asked = parse_reference(reference, host.commit_of)
    folder = into or Path(asked.name)
    lock_file = output or folder.with_name(folder.name + ".lock.json")
    choice = survey(host, asked, include, exclude)
    click.echo(
        f"{asked.repo} at {host.address}: {len(choice.taken)} files, {choice.total_bytes:,} bytes "
        f"into {terminal.safe(str(folder))}",
        err=True,
    )
    fetched = fetch(host, asked, choice, folder, exclude, moving)
    written = write_lock(fetched.lock, lock_file, replace=replace)
    if as_json:
        click.echo(json.dumps(_report(lock_file, folder, fetched.lock.snapshot, fetched.left)))
        return
    click.echo(f"{'wrote' if written else 'unchanged:'} {terminal.safe(str(lock_file))}")
    click.echo(f"snapshot      {fetched.lock.snapshot}")
    click.echo(f"weights       {fetched.lock.weights}")
    for path, reason in fetched.left[:_SHOWN]:
        click.echo(f"left out      {terminal.safe(path)}: {reason}")
    if len(fetched.left) > _SHOWN:
        click.echo(f"left out      {len(fetched.left) - _SHOWN} more files")


def _host(source: str) -> Host:
    if source == "modelscope":
        from reprollm.sources.modelscope import ModelScope

        return ModelScope()
    from reprollm.sources.huggingface import HuggingFace

    return HuggingFace()


def _report(
    lock_file: Path, folder: Path, snapshot: str, left: Sequence[tuple[str, str]]
) -> dict[str, object]:
    return {
        "lock": str(lock_file),
        "folder": str(folder),
        "snapshot": snapshot,
        "left_out": [{"path": path, "reason": reason} for path, reason in left],
    }

"""`reprollm model`: pin a model folder by the hash of its files, check it, show what was pinned."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli import terminal
from reprollm.cli.derived import derivation, derived_options
from reprollm.cli.model_claim import command as claim_command
from reprollm.cli.model_convert import command as convert_command
from reprollm.cli.model_fetch import command as fetch_command
from reprollm.cli.model_footprint import command as footprint_command
from reprollm.cli.progress import moving as _progress
from reprollm.errors import InvalidInput

if TYPE_CHECKING:
    from reprollm.snapshot.lock import Lock

_LOCK = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(path_type=Path)


@click.group(
    "model",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: reprollm model pin ~/models/my-model -o models/my-model.lock.json",
)
def command() -> None:
    """Pin model folders by the hash of their files, check them and show what was pinned."""


command.add_command(claim_command)
command.add_command(convert_command)
command.add_command(fetch_command)
command.add_command(footprint_command)


@command.command(
    "pin",
    epilog="Example: reprollm model pin ~/models/my-model -o models/my-model.lock.json",
)
@click.argument("folder", metavar="PATH", type=_FOLDER, required=False)
@click.option("-o", "--output", "output", metavar="LOCK", type=_LOCK, help="The lock to write.")
@click.option("--name", help="Name for people; by default the folder's or repository's.")
@click.option(
    "--ollama",
    metavar="NAME[:TAG]",
    help="Pin a model that Ollama keeps on this machine, instead of a PATH.",
)
@click.option(
    "--exclude",
    "excluded",
    metavar="GLOB",
    multiple=True,
    help="Leave out files that do not belong to the model, such as '*.bin'; may be repeated.",
)
@click.option(
    "--base",
    "base",
    metavar="LOCK",
    type=_LOCK,
    help="Of an adapter, the base that it was trained on: it is then refused on any other.",
)
@derived_options
@click.option("--replace", is_flag=True, help="Overwrite a lock that pins something else.")
@click.option("--json", "as_json", is_flag=True, help="Print the identities as JSON.")
def pin_command(
    folder: Path | None,
    output: Path | None,
    name: str | None,
    ollama: str | None,
    excluded: tuple[str, ...],
    base: Path | None,
    sources: tuple[Path, ...],
    tool: str | None,
    tool_version: str | None,
    parameters: tuple[str, ...],
    replace: bool,
    as_json: bool,
) -> None:
    """Hash the model folder or GGUF file PATH and write its lock (by default NAME.lock.json, here).

    PATH may lie in the Hugging Face cache (models--ORG--NAME/snapshots/COMMIT). Of a GGUF model
    that is split any part may be named; other files beside it do not belong to the snapshot. What
    LM Studio downloads lies below ~/.lmstudio/models and is pinned by its path. An adapter
    (adapter_config.json and adapter_model.safetensors) is a snapshot of its own.
    """
    from reprollm.snapshot.files import list_files
    from reprollm.snapshot.lock import load_lock, write_lock
    from reprollm.snapshot.pin import pin
    from reprollm.snapshot.single import single

    folder, name = _what_to_pin(folder, name, ollama)
    origin = derivation(sources, tool, tool_version, parameters)
    total = sum(file.stamp.size for file in list_files(*single(folder, excluded)))
    if output is not None and output.resolve().is_relative_to(folder.resolve()):
        raise InvalidInput(
            f"expected a lock outside the model folder {folder}, found {output}; "
            "the lock would be a file of the snapshot that it pins"
        )
    with _progress("hashing", total) as advance:
        lock = pin(
            folder,
            name=name,
            excluded=excluded,
            base=load_lock(base) if base else None,
            progress=advance,
        )
    lock = dataclasses.replace(lock, derivation=origin)
    path = output or Path(f"{_file_name(lock.name)}.lock.json")
    written = write_lock(lock, path, replace=replace)
    if as_json:
        click.echo(json.dumps({"file": str(path), "written": written, **_digests(lock)}, indent=2))
        return
    click.echo(f"{'wrote' if written else 'unchanged:'} {path}")
    for what, value in _identities(lock):
        click.echo(f"{what:13} {value}")


@command.command(
    "check",
    epilog="Example: reprollm model check models/my-model.lock.json",
)
@click.argument("lock_file", metavar="LOCK", type=_LOCK)
@click.argument("folder", metavar="[PATH]", type=_FOLDER, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def check_command(lock_file: Path, folder: Path | None, as_json: bool) -> None:
    """Hash the model of LOCK again, wherever it lies (or at PATH), and compare everything."""
    from reprollm.snapshot.check import verify
    from reprollm.snapshot.locate import locate
    from reprollm.snapshot.lock import load_lock

    lock = load_lock(lock_file)
    folder = folder.parent if folder is not None and folder.is_file() else folder
    if folder is None:
        with _progress("looking for the model", lock.total_bytes) as advance:
            folder = locate(lock, beside=lock_file, progress=advance).folder
    with _progress("hashing", lock.total_bytes) as advance:
        verify(folder, lock, advance)
    if as_json:
        click.echo(json.dumps({"unchanged": True, "folder": str(folder), **_digests(lock)}))
    else:
        click.echo(f"unchanged: {folder} holds snapshot {lock.snapshot}")


@command.command(
    "show",
    epilog="Example: reprollm model show models/my-model.lock.json",
)
@click.argument("lock_file", metavar="LOCK", type=_LOCK)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the lock and its card as one line of JSON."
)
def show_command(lock_file: Path, as_json: bool) -> None:
    """Show what LOCK pins: identities, facts of the model, its card, and files."""
    from reprollm.card import card_of
    from reprollm.card.rows import rows as card_rows
    from reprollm.snapshot.lock import load_lock

    lock = load_lock(lock_file)
    card = card_of(lock)
    if as_json:
        shown = dataclasses.asdict(lock) | {"card": card.to_json()}
        click.echo(json.dumps(shown, ensure_ascii=True))
        return
    console = terminal.console()
    for what, value in _identities(lock):
        click.echo(f"{what:13} {value}")
    console.print()
    console.print(terminal.table(terminal.safe(lock.name), ("", ""), _facts(lock)))
    console.print()
    console.print(terminal.table("Card", ("", ""), card_rows(card)))
    console.print()
    rows = [(file.path, f"{file.size:,}", file.sha256[:16]) for file in lock.files]
    console.print(terminal.table("Files", ("path", ">bytes", "SHA-256 begins"), rows))


def _what_to_pin(
    folder: Path | None, name: str | None, ollama: str | None
) -> tuple[Path, str | None]:
    """Return the folder to pin and its name for people, None for the folder's own."""
    if folder is not None and ollama is None:
        return folder, name
    if folder is not None or ollama is None:
        raise click.UsageError("expected one of PATH and --ollama NAME")
    from reprollm.snapshot.ollama import parse_name, view

    return view(ollama), name or parse_name(ollama).short


def _identities(lock: Lock) -> list[tuple[str, str]]:
    return [
        ("snapshot", lock.snapshot),
        ("weights", lock.weights),
        ("tokenizer", lock.tokenizer),
        ("chat template", lock.chat_template or "none"),
    ]


def _digests(lock: Lock) -> dict[str, str | None]:
    return {
        "snapshot": lock.snapshot,
        "weights": lock.weights,
        "tokenizer": lock.tokenizer,
        "chat_template": lock.chat_template,
    }


def _facts(lock: Lock) -> list[tuple[str, str]]:
    from reprollm.cli.model_weights import rows as weight_rows

    facts = lock.facts
    stored = ", ".join(f"{share.dtype} ({share.elements:,})" for share in facts.tensor_dtypes)
    heads = f"{_count(facts.heads)} (keys and values {_count(facts.kv_heads)})"
    return [
        ("architecture", f"{facts.architecture or 'not said'} ({facts.model_type or 'not said'})"),
        ("parameters", f"{facts.parameters:,} in {facts.weight_bytes:,} bytes"),
        ("stored as", stored or "not read"),
        ("declared dtype", facts.declared_dtype or "not said"),
        *weight_rows(lock),
        ("layers", _count(facts.layers)),
        ("hidden size", _count(facts.hidden_size)),
        ("heads", heads),
        ("vocabulary", _count(facts.vocab_size)),
        ("context", _count(facts.context_length)),
        ("end tokens", ", ".join(map(str, facts.eos_ids)) or "not said"),
        ("defaults", _defaults(lock)),
        ("licence", _licence(lock)),
        ("pinned from", f"{lock.hub.repo} at {lock.hub.commit}" if lock.hub else "a folder"),
        ("left out", _left_out(lock)),
    ]


def _left_out(lock: Lock) -> str:
    from reprollm.snapshot.single import named_files

    if named_files(lock.excluded) is not None:
        return "everything else in its folder"
    return ", ".join(lock.excluded) or "nothing"


def _count(value: int | None) -> str:
    return "not said" if value is None else f"{value:,}"


def _defaults(lock: Lock) -> str:
    settings = lock.facts.generation_defaults
    return ", ".join(f"{setting.name}={setting.value}" for setting in settings) or "none"


def _licence(lock: Lock) -> str:
    licence = lock.licence
    file = licence.file or "no file"
    return f"{file}; the model card says {licence.declared or 'nothing'}"


def _file_name(name: str) -> str:
    kept = "".join(
        character if character.isalnum() or character in "._-" else "-" for character in name
    )
    return kept.strip(".") or "model"

"""`reprollm model convert`: a safetensors snapshot as a GGUF file, with its lock and origin."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from reprollm.cli.progress import moving

# As `reprollm.llamacpp.convert.TYPES`, which is not imported for a help text.
_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")


@click.command(
    "convert",
    epilog="Example: reprollm model convert models/my-model.lock.json -o my-model-q8_0.gguf "
    "--type q8_0",
)
@click.argument("lock_file", metavar="LOCK", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The GGUF file to write; its lock is written beside it.",
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(_TYPES),
    default="f16",
    show_default=True,
    help="What matrices are stored as.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(lock_file: Path, target: Path, kind: str, as_json: bool) -> None:
    """Convert the safetensors model of LOCK into a GGUF file for llama.cpp, and pin that.

    The same model gives the same bytes. The new lock says what the file was made from. For K-quants
    convert to f32 or bf16, run llama.cpp's llama-quantize, and pin its file with --derived-from.
    """
    from reprollm import __version__
    from reprollm.errors import InvalidInput
    from reprollm.llamacpp.convert import convert
    from reprollm.llamacpp.families import gguf_package, gguf_version
    from reprollm.snapshot.derivation import Derivation, Parameter, Source
    from reprollm.snapshot.locate import locate
    from reprollm.snapshot.lock import load_lock, write_lock
    from reprollm.snapshot.pin import pin

    gguf_package()
    lock = load_lock(lock_file)
    if target.suffix != ".gguf":
        raise InvalidInput(f"expected a file that ends in .gguf after -o, found {target}")
    with moving("looking for the model", lock.total_bytes) as advance:
        folder = locate(lock, beside=lock_file, progress=advance).folder
    with moving("converting", lock.facts.weight_bytes) as advance:
        convert(folder, lock, target, kind, advance)
    with moving("hashing", target.stat().st_size) as advance:
        made = pin(target, progress=advance)
    derivation = Derivation(
        sources=(Source("source", lock.name, lock.snapshot, lock.weights),),
        tool="reprollm model convert",
        tool_version=__version__,
        parameters=(Parameter("gguf_version", gguf_version()), Parameter("type", kind)),
    )
    path = target.with_suffix(".lock.json")
    write_lock(dataclasses.replace(made, derivation=derivation), path, replace=True)
    if as_json:
        said = {"file": str(target), "lock": str(path), "snapshot": made.snapshot}
        click.echo(json.dumps(said | {"weights": made.weights}, ensure_ascii=True))
        return
    click.echo(f"wrote {target} and {path}")
    click.echo(f"{'snapshot':13} {made.snapshot}")
    click.echo(f"{'weights':13} {made.weights}")

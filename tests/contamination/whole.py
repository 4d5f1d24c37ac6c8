"""A small experiment with every check that needs no corpus, taken from its data to a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contamination.checked import CHECKS, EXPERIMENT, LEDGER, TEXT, write_checked
from experiment_files import change

ITEMS = 24
NUMBERS = tuple("eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split())
DATA = "id,source,reference,stratum\n" + "".join(
    f"i{n},vnd er ſprach zu jhm {NUMBERS[n % 12]} {n},und er sprach zu ihm {NUMBERS[n % 12]},s\n"
    for n in range(ITEMS)
)
REFERENCE = "id,source,reference,stratum\n" + "".join(
    f"r{n},vnd ſie gieng zu jhm {NUMBERS[n % 11]} {n},und sie ging zu ihm {NUMBERS[n % 11]},s\n"
    for n in range(ITEMS)
)
VARIANTS = "id,source\n" + "".join(
    f"i{n},ſo redet er mit jhm {n} mal\ni{n},{n} mal gab er jhm antwort\n" for n in range(ITEMS)
)
WHOLE = """\
contamination:
  family: {name: spelling, tests: 2}
  primary: sealed_twins
  text: prompts/text.jinja
  secrets: data/secrets.json
  sealed: {order: {permutations: 19, shards: 4, seed: 1}}
  screening: {reference: data/reference.csv, guard: {permutations: 39}}
  extraction: {prefix: 0.5, tokens: 8}
  exposure: {declarations: data/declarations.yaml}
"""
DECLARED = """\
schema: reprollm/declarations/1
use: []
expected:
  - {because: written down for this test from a text of 1775}
"""

Stage = Callable[..., object]


def write_whole(folder: Path, lock: Path, run: Stage) -> None:
    """Write the experiment `spelling` with sealed data and all checks into `folder`."""
    home = folder / EXPERIMENT
    write_checked(home, lock, WHOLE)
    (home / "data" / "reference.csv").write_text(REFERENCE, encoding="utf-8")
    (home / "data" / "declarations.yaml").write_text(DECLARED, encoding="utf-8")
    (home / "prompts" / "text.jinja").write_text(TEXT, encoding="utf-8")
    (folder / "items.csv").write_text(DATA, encoding="utf-8")
    (folder / "variants.csv").write_text(VARIANTS, encoding="utf-8")
    run(
        "dataset", "seal", "items.csv", "-o", "sealed", "--variants", "variants.csv", "--order",
        "--canaries", "2", "--holdbacks", "5", "--secrets", "secrets.json",
    )  # fmt: skip
    data = home / "data"
    data.joinpath("items.csv").write_bytes((folder / "sealed/items.csv").read_bytes())
    (folder / "sealed" / "items.seal.json").rename(data / "seal.json")
    (folder / "secrets.json").rename(data / "secrets.json")
    change(home / "experiment.yaml", "data/items.csv,", "data/items.csv, seal: data/seal.json,")


def run_whole(folder: Path, lock: Path, run: Stage) -> Path:
    """Take the experiment from its data to committed findings in `folder`; return the ledger."""
    assert CHECKS not in WHOLE
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_whole(folder, lock, run)
        for stage in (
            ("plan", "spelling"),
            ("ledger", "commit", str(LEDGER)),
            ("generate", "spelling"),
            ("contamination", "measure", "spelling"),
            ("ledger", "commit", str(LEDGER)),
            ("score", str(LEDGER)),
            ("contamination", "examine", "spelling"),
            ("ledger", "commit", str(LEDGER)),
        ):
            run(*stage)
    return folder / LEDGER

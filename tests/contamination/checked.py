"""Small experiments that declare checks, and the ledgers that come of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from command import Answer, Run
from experiment_files import change, write_experiment
from reprollm.contamination.material import Material
from reprollm.contamination.reading import examinations, read_material
from reprollm.records.shard import read_records

LEDGER = Path("ledger/spelling")
EXPERIMENT = Path("experiments/spelling")
ITEMS = "id,source,reference,stratum\n" + "".join(
    f"i{number},vnd er ſprach zu jhm {number} mal,und er sprach zu ihm {number} mal,s\n"
    for number in range(6)
)
REFERENCE = "id,source,reference,stratum\n" + "".join(
    f"r{number},alſo gieng ſie hin {number},also ging sie hin {number},s\n" for number in range(5)
)
CHECKS = """\
contamination:
  text: prompts/text.jinja
  screening: {reference: data/reference.csv, guard: {permutations: 19}}
  extraction: {prefix: 0.5, tokens: 8}
"""
SEALED = """\
contamination:
  secrets: data/secrets.json
  primary: sealed_twins
  family: {name: spelling}
  sealed: {order: {permutations: 19, shards: 2, seed: 1}}
"""
VARIANTS = "id,reference\n" + "".join(
    f"i{number},{words} {number} mal\n"
    for number in range(6)
    for words in ("und er sagte zu ihm", "da sprach er zu ihm")
)
TEXT = "{{ source }} = {{ reference }}\n"


def write_checked(folder: Path, lock: Path, checks: str = CHECKS) -> Path:
    """Write the experiment `spelling` with checks into `folder`; return its file."""
    file = write_experiment(folder, lock)
    for name, text in {
        "data/items.csv": ITEMS,
        "data/reference.csv": REFERENCE,
        "prompts/text.jinja": TEXT,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    with file.open("a", encoding="utf-8") as out:
        out.write(checks)
    return file


def seal_data(run: Callable[..., object]) -> None:
    """Seal the data of the experiment in the current folder, and declare the sealed tests."""
    Path("items.csv").write_text(ITEMS, encoding="utf-8")
    Path("variants.csv").write_text(VARIANTS, encoding="utf-8")
    run(
        "dataset", "seal", "items.csv", "-o", "sealed", "--variants", "variants.csv",
        "--order", "--canaries", "1", "--holdbacks", "3", "--secrets", "secrets.json",
    )  # fmt: skip
    data = EXPERIMENT / "data"
    data.joinpath("items.csv").write_bytes(Path("sealed/items.csv").read_bytes())
    Path("sealed/items.seal.json").rename(data / "seal.json")
    Path("secrets.json").rename(data / "secrets.json")
    file = EXPERIMENT / "experiment.yaml"
    change(file, CHECKS, SEALED)
    change(file, "data/items.csv,", "data/items.csv, seal: data/seal.json,")


def well(answer: Answer) -> Answer:
    """Return the answer of a command that ended well."""
    assert answer.code == 0, answer.err
    return answer


def planned(reprollm: Run) -> None:
    """Plan and commit."""
    well(reprollm("plan", "spelling"))
    well(reprollm("ledger", "commit", str(LEDGER)))


def measured(reprollm: Run, *options: str) -> Answer:
    """Measure, and return what was said."""
    return well(reprollm("contamination", "measure", "spelling", *options))


def material() -> Material:
    """Return the material of the ledger's one examination, after a commit."""
    [head] = examinations(LEDGER)
    return read_material(LEDGER, head["examination"])


def records(kind: str) -> list[dict[str, object]]:
    """Return the records of a kind in all shards, committed or not."""
    return [
        record
        for path in sorted((LEDGER / "shards").rglob("*.jsonl"))
        for record in read_records(path)
        if record["kind"] == kind
    ]


def files() -> dict[str, bytes]:
    """Return the ledger's shards and openings by path."""
    return {
        str(path): path.read_bytes()
        for name in ("shards", "openings")
        for path in sorted((LEDGER / name).rglob("*.jsonl"))
    }

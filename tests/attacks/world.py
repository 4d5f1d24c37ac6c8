"""A small real run, signed in every way and published: what the attacks are made on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from reprollm import cli
from reprollm.bundles.statement import Signers
from reprollm.ledger.segments import read_checkpoints
from reprollm.publish.bundle import publish
from reprollm.publish.order import Order
from reprollm.signing.note_key import SigningKey, new_signing_key
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from reprollm.withholding.withhold import parse_withholding
from signing.authorities import Authority
from signing.ledgers import add_stamp, sign_note, sign_ssh
from tiny_models import make_llama

ITEMS = 6
EXPERIMENT = """\
schema: reprollm/experiment/1
name: attacked
title: A tiny random model under attack
model: {lock: models/tiny.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 4}}
data: {file: data/items.csv, id: id, source: source, reference: reference, stratum: stratum}
prompt: {template: prompts/ask.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 6}
  sampled: {temperature: 0.8, max_tokens: 6, seeds: [1]}
slices: 2
scores: [exact_match, character_error_rate]
"""


@dataclass(frozen=True)
class World:
    """An experiment, its ledger, its keys and its bundles.

    Attributes:
        folder: everything.
        key: the author's note key.
        ssh: the author's SSH key file.
        bundle: the published bundle.
        withheld: the same with references and outputs withheld.
        kept: the checkpoint that a co-author kept from before the scores were made.
    """

    folder: Path
    key: SigningKey
    ssh: Path
    bundle: Path
    withheld: Path
    kept: str

    @property
    def experiment(self) -> Path:
        return self.folder / "experiment"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def signers(self) -> Signers:
        return Signers(self.key, self.ssh)


def make_world(folder: Path, ssh: Path, authority: Authority) -> World:
    """Run the experiment in `folder`, sign its ledger, publish it."""
    experiment = write_experiment(folder / "experiment")
    ledger = folder / "ledger"
    key = new_signing_key("example.org/author")
    world = World(folder, key, ssh, folder / "bundle.zip", folder / "withheld.zip", "")
    run_stages(experiment, ledger, ("plan", "commit", "generate", "commit"))
    kept = read_checkpoints(ledger)[-1].body()
    sign_note(ledger, key, read_checkpoints(ledger)[-1])
    run_stages(experiment, ledger, ("score", "commit"))
    last = read_checkpoints(ledger)[-1]
    sign_note(ledger, key, last)
    sign_ssh(ledger, ssh, last)
    add_stamp(ledger, authority, last)
    publish_world(world, ledger, world.bundle)
    withholding = ["reference:salt-public", "output:salt-secret"]
    publish_world(world, ledger, world.withheld, withholding)
    return World(folder, key, ssh, world.bundle, world.withheld, kept)


def publish_world(
    world: World, ledger: Path, output: Path, withhold: list[str] | None = None
) -> Path:
    """Publish a ledger of the world's experiment with the author's keys."""
    from reprollm.experiment.load import load

    demands = parse_withholding(withhold, "a test of withholding") if withhold else None
    experiment = load(world.experiment / "experiment.yaml")
    publish(Order(ledger, experiment, output, world.signers, demands))
    return output


def run_stages(experiment: Path, ledger: Path, stages: tuple[str, ...]) -> None:
    """Run stages of the workflow in this process, as their commands do."""
    where = ("--ledger", str(ledger))
    commands = {
        "plan": ("plan", str(experiment), *where),
        "commit": ("ledger", "commit", str(ledger)),
        "generate": ("generate", str(experiment), *where),
        "score": ("score", str(ledger)),
    }
    for stage in stages:
        cli.reprollm(list(commands[stage]), standalone_mode=False)


def write_experiment(folder: Path) -> Path:
    """Write the experiment with a pinned model; return its folder."""
    for name in ("data", "prompts", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    (folder / "prompts" / "ask.jinja").write_text("{{ source }}\n", encoding="utf-8")
    with (folder / "data" / "items.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "source", "reference", "stratum"])
        for n in range(ITEMS):
            rows.writerow([f"i{n}", f"vnd er ſprach {n}", f"und er sprach {n}", "ab"[n % 2]])
    make_llama(folder / "models" / "tiny")
    lock = pin(folder / "models" / "tiny", name="tiny")
    write_lock(lock, folder / "models" / "tiny.lock.json", replace=True)
    return folder

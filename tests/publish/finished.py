"""A small experiment that was run, scored and committed, ready to be published."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import warm
from ledger.building import fake
from reprollm import cli
from reprollm.bundles.statement import Signers
from reprollm.experiment.load import load
from reprollm.ledger.commit import commit
from reprollm.publish.order import Order
from reprollm.records.identity import import_id
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

ITEMS = 4
REQUESTS = ITEMS * 3
TITLE = "Words | and *marks*"
EXPERIMENT = f"""\
schema: reprollm/experiment/1
name: words
title: "{TITLE}"
model: {{lock: models/tiny.lock.json}}
engine: {{family: transformers, dtype: float32, device: cpu, batch: {{policy: strict, size: 4}}}}
data: {{file: data/items.csv, id: id, source: source, reference: reference, stratum: stratum}}
prompt: {{template: prompts/ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: 6}}
  sampled: {{temperature: 0.8, max_tokens: 6, seeds: [1, 2]}}
slices: 1
scores: [exact_match, character_error_rate]
"""
CITATION = """\
cff-version: 1.2.0
message: Please cite this.
title: Words and what became of them
doi: 10.5281/zenodo.1
license: cc-by-4.0
authors:
  - given-names: Anna
    family-names: Muster
    orcid: https://orcid.org/0000-0002-1825-0097
  - name: A research group
"""


@dataclass(frozen=True)
class Finished:
    """A workspace in which the experiment was run."""

    folder: Path

    @property
    def experiment(self) -> Path:
        return self.folder / "experiments" / "words"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger" / "words"

    def order(self, output: Path, **facts: object) -> Order:
        """Return the order to publish the experiment into `output`, unsigned."""
        described = load(self.experiment / "experiment.yaml")
        order = {"signers": Signers(), **facts}
        return Order(self.ledger, described, output, **order)  # type: ignore[arg-type]

    def publish(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `reprollm publish words` in the workspace, in a process of its own."""
        if not variables:
            _, _, _, *command = self.command(*options)
            return warm.run(*command, folder=self.folder, environment=environment())
        return subprocess.run(
            self.command(*options),
            cwd=self.folder,
            env={**environment(), **variables},
            capture_output=True,
            text=True,
        )

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-P", "-m", "reprollm", "publish", "words", *options]


def environment() -> dict[str, str]:
    """Return the environment of a process that finds nobody's key."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "REPROLLM_KEY": "/nowhere/note.key"}


def write_words(folder: Path) -> Path:
    """Write the experiment with its pinned model into `folder`; return it."""
    for name in ("data", "prompts", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    (folder / "prompts" / "ask.jinja").write_text("{{ source }}\n", encoding="utf-8")
    with (folder / "data" / "items.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "source", "reference", "stratum"])
        rows.writerows(
            [f"i{n}", f"vnd {n}", f"und {n}", "even odd".split()[n % 2]] for n in range(ITEMS)
        )
    (folder / "data" / "LICENSE").write_text("Do with these words what you like.\n")
    (folder / "data" / "notes.txt").write_text("Not for others.\n")
    (folder / "README.md").write_text("# Words\n")
    make_llama(folder / "models" / "tiny")
    lock = pin(folder / "models" / "tiny", name="tiny")
    write_lock(lock, folder / "models" / "tiny.lock.json", replace=True)
    return folder


def finish(folder: Path) -> Finished:
    """Write, plan, answer, score and commit the experiment in a workspace."""
    finished = Finished(folder)
    write_words(finished.experiment)
    experiment, ledger = str(finished.experiment), str(finished.ledger)
    for arguments in (
        ("plan", experiment, "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("generate", experiment, "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("score", ledger),
        ("ledger", "commit", ledger),
    ):
        cli.reprollm(list(arguments), standalone_mode=False)
    return finished


def unpack(bundle: Path, folder: Path) -> Path:
    """Unpack a bundle with the system's `unzip`; return the folder."""
    subprocess.run(["unzip", "-q", str(bundle), "-d", str(folder)], check=True)
    return folder


def contents(bundle: Path) -> dict[str, bytes]:
    """Return the content of every member of a bundle."""
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def imported(ledger: Path) -> Path:
    """Commit two samples of another tool's log, and nothing else, into `ledger`; return it."""
    file, tool, version = fake("log"), "inspect_ai", "0.3"
    name = {"import": import_id(file, tool, version)}
    head = new(
        "import",
        tool=tool,
        tool_version=version,
        format="eval",
        file={"name": "log.eval", "sha256": file, "size": 3},
        claims={},
        unsaid=["weights"],
        samples=2,
        created="2026-01-01T00:00:00.000Z",
        **name,
    )
    samples = [_sample(name, index) for index in range(2)]
    publish(ledger, f"import-{name['import'][:16]}", [Sealed(head), *samples])
    commit(ledger)
    return ledger


def _sample(name: dict[str, str], index: int) -> Sealed:
    record = new(
        "imported",
        index=index,
        item=f"i{index}",
        stratum=None,
        sampling="default",
        seed=None,
        repetition=0,
        model="m",
        finish="stop",
        claimed={"accuracy": "1"},
        **name,
    )
    return seal_record(record, {"prompt": b"2 + 2", "reference": None, "output": b"4"})

"""A workspace with a small experiment, and Snakemake run in it as a user would."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import warm
from tiny_models import make_llama

CHECKOUT = Path(__file__).resolve().parents[1]
ITEMS = 6
REQUESTS = ITEMS * 3

EXPERIMENT = """\
schema: reprollm/experiment/1
name: tiny
title: A tiny random model reads a few words
model: {lock: models/tiny.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 4}}
data: {file: data/items.csv, id: id, source: source, reference: reference}
prompt: {template: prompts/ask.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 6}
  sampled: {temperature: 0.8, max_tokens: 6, seeds: [1, 2]}
slices: 2
scores: [exact_match]
"""


@dataclass(frozen=True)
class Workspace:
    """A folder with an experiment in it, and the copy of the package that it is run with.

    The package is the checkout's, or, where there is one, that of an installation.
    """

    folder: Path
    checkout: Path = CHECKOUT
    installed: Path | None = None

    @property
    def experiment(self) -> Path:
        return self.folder / "experiments" / "tiny"

    @property
    def packages(self) -> Path:
        return self.installed or self.checkout / "src"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger" / "tiny"

    def snakemake(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "snakemake", *options)

    def workflow(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the workflow's own Snakefile, without the wrapper at the checkout's root."""
        snakefile = self.checkout / "workflow" / "Snakefile"
        return self.snakemake(
            "--snakefile",
            str(snakefile),
            *options,
            "--config",
            'experiments=["tiny"]',
            "ledger=ledger",
        )

    def reprollm(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command; with variables of its own in a fresh interpreter, else in a warm one."""
        if variables:
            return self.python("-m", "reprollm", *arguments, **variables)
        return warm.run("reprollm", *arguments, folder=self.folder, environment=self.environment())

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment(), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", *arguments]

    def environment(self) -> dict[str, str]:
        """The environment of this process, in which no model is found but the workspace's own."""
        nowhere = str(self.folder / "nowhere")
        return {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(self.packages),
            "REPROLLM_MODELS": nowhere,
            "HF_HUB_CACHE": nowhere,
        }

    def pending(self) -> dict[str, int]:
        """Return how many jobs of each rule a dry run lists."""
        return jobs(self.workflow("--dry-run", "--cores", "2"))


def jobs(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the job counts that Snakemake printed; empty where there is nothing to be done."""
    assert run.returncode == 0, run.stdout + run.stderr
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", run.stdout + run.stderr, re.S | re.M)
    if table is None:
        assert "Nothing to be done" in run.stdout + run.stderr, run.stdout + run.stderr
        return {}
    return {rule: int(count) for rule, count in (row.split() for row in table[1].splitlines())}


def make_workspace(folder: Path) -> Workspace:
    """Write the small experiment into `folder`, its model made and pinned."""
    experiment = folder / "experiments" / "tiny"
    for name in ("data", "prompts", "models"):
        (experiment / name).mkdir(parents=True)
    (experiment / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    (experiment / "prompts" / "ask.jinja").write_text("{{ source }}\n", encoding="utf-8")
    with (experiment / "data" / "items.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "source", "reference"])
        rows.writerows([f"i{n}", f"vnd er sprach {n}", f"und er sprach {n}"] for n in range(ITEMS))
    make_llama(experiment / "models" / "tiny")
    pinned = Workspace(folder).reprollm(
        "model", "pin", str(experiment / "models" / "tiny"),
        "-o", str(experiment / "models" / "tiny.lock.json"),
    )  # fmt: skip
    assert pinned.returncode == 0, pinned.stderr
    return Workspace(folder)

"""Snakemake's command line for one experiment: the same work as `snakemake` in a checkout."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from reprollm.workflow.files import profile, snakefile


@dataclass(frozen=True)
class Options:
    """How the workflow is to be run.

    Attributes:
        cores: how many cores jobs on this machine may use together; None leaves it to a profile.
        profile: `slurm`, another profile of the workflow, or a profile's folder; None for none.
        executor: a Snakemake executor in place of the profile's; None for the profile's or local.
        rest: further options, handed to Snakemake as they are.
    """

    cores: int | None = None
    profile: str | None = None
    executor: str | None = None
    rest: tuple[str, ...] = ()


def snakemake(experiment: str, ledger: Path, options: Options) -> list[str]:
    """Return the command that runs the workflow on `experiment` in the current folder.

    Raises:
        InvalidInput: the workflow's files or the profile are missing.
    """
    # -P keeps the workspace's own folders from being imported in place of installed packages.
    command = [sys.executable, "-P", "-m", "snakemake"]
    command += ["--snakefile", str(snakefile()), "--directory", str(Path.cwd())]
    # Named, because Snakemake takes a folder `default` in the workspace for it otherwise.
    command += ["--workflow-profile", str(profile("default"))]
    if options.profile is not None:
        command += ["--profile", str(profile(options.profile))]
    if options.executor is not None:
        command += ["--executor", options.executor]
    if options.cores is not None:
        command += ["--cores", str(options.cores)]
    command += options.rest
    return [*command, "--config", f"experiments={json.dumps([experiment])}", f"ledger={ledger}"]

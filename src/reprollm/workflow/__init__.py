"""The Snakemake workflow seen from Python: its files, the experiments it runs, its command line."""

from reprollm.workflow.files import SHELL_PREFIX, snakefile
from reprollm.workflow.sources import Sources, experiments

__all__ = ["SHELL_PREFIX", "Sources", "experiments", "snakefile"]

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A real SLURM of two nodes on this machine, and the folder of its logs."""
    # Not pytest's folder: a path to munge's socket must be short, and open to every user.
    base = Path(tempfile.mkdtemp(prefix="reprollm-slurm-"))
    try:
        subprocess.run([HERE / "up.sh", base], check=True)
        yield base / "log"
    finally:
        subprocess.run([HERE / "down.sh", base], check=True)
        shutil.rmtree(base, ignore_errors=True)

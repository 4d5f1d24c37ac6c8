"""The work that is disturbed: what jobs and the head node of a cluster do to a ledger.

Each function runs in a process of its own, with exit codes as the command line gives them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprollm.cli import main
from reprollm.errors import ReprollmError
from reprollm.ledger import deviations, findings, projection
from reprollm.records.journal import read_journal
from reprollm.records.shard import publish

GROUP = "run-0123456789abcdef/00000000-00000003"


def publish_shard(world: Path) -> None:
    """Publish the records of the journal beside `world` as a shard of its ledger."""
    sealed = read_journal(world.parent / "journal.jsonl")
    with _sentences():
        shard = publish(world / "ledger", GROUP, sealed)
        print(f"acknowledged {shard.sha256}")


def commit_log(world: Path) -> None:
    """Commit the ledger's shards to its log and build no projection.

    DuckDB makes most of a commit's system calls; without it every other one can be tried.
    """
    projection.is_current = lambda ledger, checkpoints: True
    findings.publish_new = deviations.publish_new = lambda ledger: []
    commit_whole(world)


def commit_whole(world: Path) -> None:
    """Run `reprollm ledger commit` on the ledger."""
    tempfile.tempdir = str(world / "tmp")
    os.environ["TMPDIR"] = tempfile.tempdir
    sys.argv = ["reprollm", "ledger", "commit", str(world / "ledger")]
    main()


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except ReprollmError as error:
        print(f"reprollm: {error}")
        sys.exit(error.exit_code)

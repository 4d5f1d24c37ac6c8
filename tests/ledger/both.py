"""What both verifiers find wrong with a ledger's log."""

from __future__ import annotations

from pathlib import Path

from reprollm.ledger.verify import verify
from reprollm.review import verify as standalone


def defects(ledger: Path) -> tuple[list[str], list[str]]:
    """Return the defects of the package's own verification and of the stand-alone one, in words."""
    ours = verify(ledger)
    other = standalone.verify(str(ledger), standalone.Options([], [], {}, 1))
    return (
        [f"{found.defect}: {found.sentence}" for found in ours.problems],
        [f"{found['defect']}: {found['sentence']}" for found in other.to_json()["problems"]],
    )

"""What is asked of a publication, and what it says when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.bundles.statement import Signers
from reprollm.experiment.load import Experiment
from reprollm.records.checkpoint import Checkpoint

if TYPE_CHECKING:
    from reprollm.withholding.withhold import Withholding

_SCHEMA = "reprollm/published/1"


def _silent(count: int) -> None:
    """Show nothing of a progress."""


@dataclass(frozen=True)
class Progress:
    """Where to tell how far a publication is: records verified, bytes read and written."""

    verified: Callable[[int], None] = _silent
    packed: Callable[[int], None] = _silent


@dataclass(frozen=True)
class Order:
    """What is to be published, and how.

    Attributes:
        ledger: the ledger folder.
        experiment: the experiment; None for a ledger of imports alone.
        sisters: the same experiment with its other models.
        output: the archive.
        signers: who signs it.
        withholding: what stays behind, or None.
        replace: put the archive in the place of another file.
    """

    ledger: Path
    experiment: Experiment | None
    output: Path
    signers: Signers = field(default_factory=Signers)
    withholding: Withholding | None = None
    replace: bool = False
    sisters: tuple[Experiment, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of a bundle: a folder, or the files at the top; how many files and bytes."""

    name: str
    files: int
    bytes: int


@dataclass(frozen=True)
class Published:
    """What was written.

    Attributes:
        path: the archive.
        fresh: whether it was written now; False where just these bytes stood there already.
        checkpoint: the log's last checkpoint.
        statement: the four lines that bind the files to the log.
        signed: whether a key signed them.
        checkpoint_signers: who signed the checkpoint, in words.
        parts: what went in.
        left_out: files that stayed behind because they show withheld texts.
        warnings: what the publisher should know before handing the bundle on.
    """

    path: Path
    fresh: bool
    checkpoint: Checkpoint
    statement: str
    signed: bool
    checkpoint_signers: tuple[str, ...]
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the publication as plain values."""
        return {
            "schema": _SCHEMA,
            "path": str(self.path),
            "fresh": self.fresh,
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": self.checkpoint.root.hex(),
            "statement": self.statement,
            "signed": self.signed,
            "checkpoint_signers": list(self.checkpoint_signers),
            "parts": [asdict(part) for part in self.parts],
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
        }

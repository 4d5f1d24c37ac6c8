"""Whether what was taken in from the logs of other harnesses is all there, each sample once.

An import record promises a number of samples; the imported records that name it carry the indices
0 to n-1, each exactly once, behind it in the log. Its id is the hash of the file's own hash and of
the tool that is named as its author, so that one file is in a log once. None of it attests that
the file tells the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reprollm.ledger.examine import Examined
from reprollm.ledger.report import Problem
from reprollm.records.identity import import_id


@dataclass
class _Import:
    """What was found of one import: its record and the stretches of its samples."""

    position: int = 0
    record: dict[str, Any] | None = None
    again: bool = False
    stretches: list[tuple[int, int, int]] = field(default_factory=list)


class ImportAudit:
    """Follows the log's import and imported records in log order."""

    def __init__(self) -> None:
        self.samples = 0
        self._imports: dict[str, _Import] = {}

    def take(self, examined: Examined) -> None:
        """Take up what one shard says of imports."""
        for position, record in examined.heads:
            if record["kind"] == "import":
                self._head(position, record)
        for name, stretches in examined.samples.items():
            self._imports.setdefault(name, _Import()).stretches += stretches
            self.samples += sum(last - first for _, first, last in stretches)

    def finish(self) -> list[Problem]:
        """Return what is wrong with any import."""
        return [
            Problem(defect, f"import {name[:16]} {sentence}")
            for name, found in self._imports.items()
            for defect, sentence in _defects(name, found)
        ]

    def notices(self) -> Iterator[str]:
        """Yield what a reader should know of each import."""
        for name, found in self._imports.items():
            if found.record:
                record = found.record
                tool = f"{record['tool']} {record['tool_version'] or ''}".strip()
                yield (
                    f"import {name[:16]}: {record['samples']} answers are unattested, from a log "
                    f"of {tool} that leaves {len(record['unsaid'])} things unsaid"
                )

    def _head(self, position: int, record: dict[str, Any]) -> None:
        found = self._imports.setdefault(record["import"], _Import())
        found.again = found.record is not None
        if found.record is None:
            found.position, found.record = position, record


def _defects(name: str, found: _Import) -> Iterator[tuple[str, str]]:
    """Yield class and sentence of each thing wrong with one import."""
    if found.record is None:
        yield "RecordsDisagree", "has imported records but no import record"
        return
    if found.again:
        yield "RecordsDisagree", "has more than one import record"
    if name != import_id_of(found.record):
        yield "LeafMismatch", "has an id that is not the hash of its file and tool"
    if any(position < found.position for position, _, _ in found.stretches):
        yield "RecordsDisagree", "has imported records before its import record"
    yield from _gap(found.record["samples"], found.stretches)


def _gap(samples: int, stretches: list[tuple[int, int, int]]) -> Iterator[tuple[str, str]]:
    """Yield the first way in which the indices are not 0 to samples - 1, each once."""
    expected = 0
    for first, last in sorted((first, last) for _, first, last in stretches):
        if first != expected:
            what = "lacks" if first > expected else "has more than once"
            yield "RecordsDisagree", f"{what} sample {min(first, expected)} of {samples}"
            return
        expected = last
    if expected != samples:
        yield "RecordsDisagree", f"promises {samples} samples, the log holds {expected} of them"


def import_id_of(record: Mapping[str, Any]) -> str | None:
    """Return the id that an import record must have; None where it names no file hash."""
    sha256 = record["file"].get("sha256")
    if not isinstance(sha256, str) or not sha256.isascii():
        return None
    return import_id(sha256, record["tool"], record["tool_version"])

"""That a log still begins with what someone kept of it: the answer to a rewritten history.

A checkpoint that left the author's hands fixes every record up to its size. Recomputing the root
over that many of the log's records proves it to whoever holds the log; the consistency proof
(RFC 9162, section 2.1.4) proves it to whoever holds only the two checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.errors import CheckpointMismatch, InvalidInput
from reprollm.ledger.merkle import consistency_proof
from reprollm.records.checkpoint import Checkpoint, parse
from reprollm.signing import note, strict64
from reprollm.signing.log import Log
from reprollm.signing.note_key import VerifierKey


@dataclass(frozen=True)
class Growth:
    """An earlier and a later checkpoint of one log, with the proof that the one became the other.

    Attributes:
        before: what someone kept.
        after: the log's last checkpoint.
        proof: hashes of the nodes that lead from the one to the other, 32 bytes each.
    """

    before: Checkpoint
    after: Checkpoint
    proof: tuple[bytes, ...]

    def text(self) -> str:
        """Return old size, proof and later checkpoint, as C2SP tlog-witness writes them."""
        nodes = "".join(f"{strict64.encode(node)}\n" for node in self.proof)
        return f"old {self.before.size}\n{nodes}\n{self.after.body()}"

    def to_json(self) -> dict[str, Any]:
        """Return the growth as plain values; hashes in hex."""
        return {
            "schema": "reprollm/growth/1",
            "origin": self.after.origin,
            "before": {"size": self.before.size, "root": self.before.root.hex()},
            "after": {"size": self.after.size, "root": self.after.root.hex()},
            "proof": [node.hex() for node in self.proof],
        }


def read_kept(content: bytes) -> Checkpoint:
    """Return the checkpoint that someone kept: three lines, or a whole signed note.

    The last line's end may have got lost in a mail; nothing else may differ.

    Raises:
        InvalidInput: it is no checkpoint, or one over no records.
    """
    try:
        text = content.decode("utf-8")
        kept = parse(text if text.endswith("\n") else text + "\n")
    except UnicodeDecodeError:
        raise InvalidInput("expected a kept checkpoint in UTF-8, found other bytes") from None
    except CheckpointMismatch as error:
        raise InvalidInput(f"the checkpoint that was kept: {error}") from None
    if kept.size == 0:
        raise InvalidInput("expected a kept checkpoint over some records, found one over none")
    return kept


def signers(kept: Checkpoint, keys: Sequence[VerifierKey]) -> list[str]:
    """Return the verifier keys that have signed a kept checkpoint; without keys nothing is judged.

    Raises:
        SignatureMismatch: none of the keys has signed it, or a signature does not hold.
    """
    if not keys:
        return []
    signed = note.parse(kept.text().encode())
    return [key.text() for key in note.verify(signed, keys).keys]


def compare(kept: Checkpoint, log: Log) -> Growth:
    """Return the growth of `log` since `kept`.

    Raises:
        CheckpointMismatch: it is another log, was cut short, or its history was rewritten; or the
            log contradicts itself.
    """
    last = log.last
    if kept.origin != log.origin:
        raise CheckpointMismatch(
            f"expected a checkpoint of the log {log.origin}, found one of {kept.origin}; it is of "
            "another log"
        )
    if kept.size > len(log.leaves):
        raise CheckpointMismatch(
            f"expected a log of at least {kept.size} records, as the kept checkpoint says, found "
            f"{len(log.leaves)}; the log was truncated"
        )
    found = log.root_at(kept.size)
    if found != kept.root:
        raise CheckpointMismatch(
            f"expected the root {kept.root.hex()} over the first {kept.size} records, as the kept "
            f"checkpoint says, found {found.hex()}; the log's history was rewritten"
        )
    log.require_roots()
    return Growth(kept, last, tuple(consistency_proof(kept.size, log.leaves)))

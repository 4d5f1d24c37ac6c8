"""Making the proof of one record of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import loads_object
from reprollm.errors import InvalidInput, LeafMismatch
from reprollm.ledger.merkle import inclusion_proof
from reprollm.records.checkpoint import Checkpoint, parse
from reprollm.records.merkle import leaf_hash
from reprollm.signing.judge import judge, read_note
from reprollm.signing.log import Log, lines
from reprollm.signing.note import SignedNote
from reprollm.signing.note_key import parse_verifier_key
from reprollm.signing.proof import Proof
from reprollm.signing.store import note_place

KINDS = ("generation", "failure", "request")
_LEAST_PREFIX = 8
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Found:
    """A record in its place: position in the log, canonical line without its line end."""

    position: int
    line: bytes


def find(ledger: Path, log: Log, what: str, kind: str = KINDS[0]) -> Found:
    """Return the record at a position, or the one that counts for a request.

    A request's first generation in a run is its final one.

    Args:
        ledger: the ledger folder.
        log: its log.
        what: a position in decimal, or at least eight hex digits of a request id.
        kind: which of a request's records is meant.

    Raises:
        InvalidInput: nothing is found, or several runs have such a record.
        LeafMismatch: a shard changed while it was read.
    """
    if what.isascii() and what.isdecimal() and len(what) < 16 and int(what) < len(log.leaves):
        found = _at(ledger, log, int(what))
    else:
        found = _about(ledger, log, what, kind)
    if leaf_hash(found.line) != log.leaves[found.position]:
        raise LeafMismatch(f"record {found.position} changed while it was read; start again")
    return found


def make(ledger: Path, log: Log, found: Found, *, carry_record: bool = False) -> Proof:
    """Return the proof of a record under the log's last signed checkpoint that covers it.

    Without a note key's signature it is the log's last checkpoint.

    Args:
        ledger: the ledger folder.
        log: its log, whose roots hold.
        found: the record.
        carry_record: let the record itself travel in the proof, not only its leaf hash.

    Raises:
        VerificationFailed: a signature beside the log does not hold.
    """
    checkpoint = _signed(ledger, log, found.position) or log.last
    path = inclusion_proof(found.position, log.leaves[: checkpoint.size])
    extra = found.line if carry_record else leaf_hash(found.line)
    return Proof(found.position, tuple(path), checkpoint, extra)


def _at(ledger: Path, log: Log, position: int) -> Found:
    [line] = (line for at, line in lines(ledger, log.segments) if at == position)
    return Found(position, line)


def _about(ledger: Path, log: Log, prefix: str, kind: str) -> Found:
    if len(prefix) < _LEAST_PREFIX or set(prefix) - _HEX:
        raise InvalidInput(
            f"expected a position below {len(log.leaves)} or at least {_LEAST_PREFIX} hex digits "
            f"of a request id, found {prefix!r}"
        )
    first: dict[tuple[str, str], Found] = {}
    needle = f'"request":"{prefix}'.encode()
    for position, line in lines(ledger, log.segments):
        if needle in line:
            record = loads_object(line)
            if record.get("kind") == kind and _is_of(record, prefix):
                first.setdefault(_owner(record), Found(position, line))
    if not first:
        raise InvalidInput(f"expected a record of kind {kind} for the request {prefix}, found none")
    if len(first) > 1:
        places = ", ".join(
            f"{found.position} ({request[:16]}, run or plan {owner[:16]})"
            for (request, owner), found in list(first.items())[:5]
        )
        raise InvalidInput(
            f"expected one record of kind {kind} for {prefix}, found {len(first)}, at the "
            f"positions {places}; name the position that you mean"
        )
    return next(iter(first.values()))


def _is_of(record: dict[str, Any], prefix: str) -> bool:
    request = record.get("request")
    return isinstance(request, str) and request.startswith(prefix)


def _owner(record: dict[str, Any]) -> tuple[str, str]:
    return record["request"], str(record.get("run") or record.get("plan"))


def _signed(ledger: Path, log: Log, position: int) -> Checkpoint | None:
    """Return the last checkpoint over a position that note keys have signed, with their lines."""
    judged = judge(ledger, log.checkpoints)
    judged.require()
    notes = [signer for signer in judged.signers if signer.kind == "note"]
    sizes = [signer.size for signer in notes if signer.size > position]
    if not sizes:
        return None
    checkpoint = next(item for item in log.checkpoints if item.size == max(sizes))
    keys = [parse_verifier_key(signer.key) for signer in notes if signer.size == checkpoint.size]
    signed = [read_note(ledger, note_place(checkpoint, key)) for key in keys]
    together = SignedNote(checkpoint.body(), tuple(item.signatures[0] for item in signed))
    return parse(together.content())

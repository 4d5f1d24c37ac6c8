"""That one record is in a log, as a text that is checked alone (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    extra <base64>
    index <position of the record, from 0>
    <base64 of 32 bytes>          the siblings from the leaf up (RFC 6962, section 2.1.1)
    ...

    <checkpoint, with the signature lines that it has>

This is the section "Format"; `check` does the steps of "Verifying a tlog proof". The extra line is
either the record's leaf hash, 32 bytes, so that the text is short enough for a footnote and the
record is shown beside it, or the record's canonical line itself. Neither is believed: the leaf
counts only because the siblings lead from it to the checkpoint's root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.canon import loads_object
from reprollm.errors import (
    CheckpointMismatch,
    InvalidInput,
    LeafMismatch,
    ReprollmError,
    SignatureMismatch,
)
from reprollm.ledger.merkle import inclusion_defect
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.checkpoint import parse as parse_checkpoint
from reprollm.records.merkle import HASH_BYTES, leaf_hash
from reprollm.signing import note, strict64
from reprollm.signing.note_key import VerifierKey

HEADER = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 4 * 1024 * 1024
_MAX_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})\Z")


@dataclass(frozen=True)
class Proof:
    """The parts of a proof's text, unjudged.

    Attributes:
        index: the record's position in the log.
        path: hashes of the siblings from the leaf up, 32 bytes each.
        checkpoint: the checkpoint to whose root they lead.
        extra: the leaf hash, or the record's canonical line; None where neither travels along.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    extra: bytes | None = None

    @property
    def leaf(self) -> bytes | None:
        """The leaf hash that the extra line gives, 32 bytes."""
        if self.extra is None or len(self.extra) == HASH_BYTES:
            return self.extra
        return leaf_hash(self.extra)

    @property
    def line(self) -> bytes | None:
        """The record's canonical line, where it travels along."""
        return None if self.extra is None or len(self.extra) == HASH_BYTES else self.extra

    def text(self) -> str:
        """Return the proof as its file holds it."""
        extra = "" if self.extra is None else f"extra {strict64.encode(self.extra)}\n"
        path = "".join(f"{strict64.encode(node)}\n" for node in self.path)
        return f"{HEADER}\n{extra}index {self.index}\n{path}\n{self.checkpoint.text()}"


@dataclass(frozen=True)
class Proven:
    """What a proof shows.

    Attributes:
        index: the record's position in the log.
        leaf: its leaf hash, 32 bytes.
        record: its value; None where only its hash is known.
        checkpoint: the log in which it stands.
        signers: which of the keys that were asked for have signed that checkpoint.
        unknown: signature lines of keys that nobody named.
    """

    index: int
    leaf: bytes
    record: dict[str, Any] | None
    checkpoint: Checkpoint
    signers: tuple[VerifierKey, ...]
    unknown: tuple[note.NoteSignature, ...]


def parse(content: bytes) -> Proof:
    """Return the proof that a text writes, accepting no other spelling of it.

    Raises:
        InvalidInput: it is no such text, with the line that is wrong.
    """
    head, tail = _halves(content)
    lines = head.split("\n")
    if lines[0] != HEADER:
        raise InvalidInput(f"expected {HEADER} as a proof's first line, found {lines[0][:80]!r}")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = _extra(rest.pop(0).removeprefix("extra "))
    match = _INDEX.match(rest[0]) if rest else None
    if not match:
        found = rest[0][:80] if rest else "nothing"
        raise InvalidInput(
            f"expected 'index' and a decimal number without leading zeros in a proof, found "
            f"{found!r}"
        )
    if len(rest) - 1 > _MAX_HASHES:
        raise InvalidInput(f"expected at most {_MAX_HASHES} hashes in a proof")
    path = tuple(_hash(number, line) for number, line in enumerate(rest[1:], start=1))
    try:
        checkpoint = parse_checkpoint(tail)
        if checkpoint.signatures:
            note.parse(tail.encode())
    except (CheckpointMismatch, SignatureMismatch) as error:
        raise InvalidInput(f"the proof's checkpoint: {error}") from None
    return Proof(int(match[1]), path, checkpoint, extra)


def check(proof: Proof, line: bytes | None = None, keys: Sequence[VerifierKey] = ()) -> Proven:
    """Return what a proof shows, where it holds.

    Args:
        proof: the proof.
        line: the record's canonical line without a line end, where it was handed over beside it.
        keys: keys of which one at least must have signed the checkpoint; with none, no signature
            is judged.

    Raises:
        InvalidInput: nothing tells the record, or it is not canonical.
        LeafMismatch: the record is not the proof's, or not at its position in the log.
        SignatureMismatch: none of the keys has signed the checkpoint, or a signature does not hold.
    """
    leaf, record = _leaf(proof, line), _record(line or proof.line)
    at = proof.checkpoint
    defect = inclusion_defect(leaf, proof.index, at.size, proof.path, at.root)
    if defect:
        raise LeafMismatch(f"the proof does not hold for record {proof.index}: {defect}")
    signers, unknown = _signers(at, keys)
    return Proven(proof.index, leaf, record, at, signers, unknown)


def require_kept(proven: Proven, kept: Checkpoint) -> None:
    """Check that the proof's checkpoint is one that someone kept from elsewhere.

    Raises:
        CheckpointMismatch: it is another one.
    """
    found = proven.checkpoint
    if found.body() != kept.body():
        raise CheckpointMismatch(
            f"expected the kept checkpoint of {kept.origin} over {kept.size} records with the root "
            f"{kept.root.hex()} under the proof, found one of {found.origin} over {found.size} "
            f"with the root {found.root.hex()}"
        )


def _leaf(proof: Proof, line: bytes | None) -> bytes:
    carried = proof.leaf
    leaf = carried if line is None else leaf_hash(line)
    if leaf is None:
        raise InvalidInput(
            "expected the record that is proved: the proof carries neither it nor its hash; name "
            "its file with --record"
        )
    if carried is not None and leaf != carried:
        raise LeafMismatch(
            f"expected the record with the leaf hash {carried.hex()}, which the proof is of, found "
            f"one with {leaf.hex()}; it is another record, or it was changed"
        )
    return leaf


def _record(line: bytes | None) -> dict[str, Any] | None:
    return None if line is None else loads_object(line)


def _signers(
    checkpoint: Checkpoint, keys: Sequence[VerifierKey]
) -> tuple[tuple[VerifierKey, ...], tuple[note.NoteSignature, ...]]:
    if not checkpoint.signatures:
        if keys:
            raise SignatureMismatch(
                f"expected a checkpoint that {keys[0].name!r} has signed, found one without "
                "signatures"
            )
        return (), ()
    signed = note.parse(checkpoint.text().encode())
    verified = note.verify(signed, keys) if keys else note.judge(signed, ())
    return verified.keys, verified.unknown


def _halves(content: bytes) -> tuple[str, str]:
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"expected a proof of at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("expected a proof in UTF-8, found other bytes") from None
    if "\r" in text:
        raise InvalidInput(
            "expected lines that end with a line feed alone in a proof, found a carriage return"
        )
    if not text.endswith("\n"):
        raise InvalidInput("expected a proof whose last line ends, found one cut off")
    head, empty, tail = text.partition("\n\n")
    if not empty:
        raise InvalidInput("expected an empty line before a proof's checkpoint, found none")
    return head, tail


def _extra(text: str) -> bytes:
    try:
        extra = strict64.decode(text)
    except ValueError as error:
        raise InvalidInput(f"the proof's extra line: {error}") from None
    if len(extra) != HASH_BYTES:
        try:
            loads_object(extra)
        except ReprollmError as error:
            raise InvalidInput(
                f"expected a leaf hash of {HASH_BYTES} bytes or a canonical record in a proof's "
                f"extra line: {error}"
            ) from None
    return extra


def _hash(number: int, line: str) -> bytes:
    try:
        value = strict64.decode(line)
    except ValueError as error:
        raise InvalidInput(f"hash {number} of the proof: {error}") from None
    if len(value) != HASH_BYTES:
        raise InvalidInput(
            f"expected {HASH_BYTES} bytes as hash {number} of a proof, found {len(value)}"
        )
    return value

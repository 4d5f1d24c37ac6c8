"""Checkpoints: size and root of the log as text (C2SP tlog-checkpoint, a signed note).

    reprollm/normalisation/3f6a0c1d2e4b5968
    1234
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

An origin that names the log, its size in decimal, its root in base64, each line ended by LF. A
signed note goes on with an empty line and signature lines `— <name> <base64>`; they are kept as
they are and not judged here.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from reprollm.errors import CheckpointMismatch
from reprollm.records.merkle import HASH_BYTES

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SIGNATURE_BYTES = 5


@dataclass(frozen=True)
class Checkpoint:
    """What the log held at one moment.

    Attributes:
        origin: the log's own name, the same in all its checkpoints.
        size: number of records.
        root: RFC 6962 root over them, 32 bytes.
        signatures: the note's signature lines, unjudged, in order.
    """

    origin: str
    size: int
    root: bytes
    signatures: tuple[str, ...] = ()

    def body(self) -> str:
        """Return the three lines that are signed, stamped, and handed to a co-author."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def text(self) -> str:
        """Return the checkpoint as its file holds it: the body and the signature lines, if any."""
        if not self.signatures:
            return self.body()
        return self.body() + "\n" + "".join(f"{line}\n" for line in self.signatures)


def parse(text: str) -> Checkpoint:
    """Return the checkpoint that `text` writes, accepting no other spelling of it.

    Raises:
        CheckpointMismatch: the text is no checkpoint, with the line that is wrong.
    """
    body, empty, tail = text.partition("\n\n")
    body = body + "\n" if empty else body
    lines = body.split("\n")
    if len(lines) != 4 or lines[3]:
        raise CheckpointMismatch(
            f"expected a checkpoint of three lines (origin, size, root), found {text[:120]!r}"
        )
    origin, size, root, _ = lines
    if not origin or _CONTROL.search(origin):
        raise CheckpointMismatch(f"expected an origin in a checkpoint's line 1, found {origin!r}")
    if not _SIZE.match(size):
        raise CheckpointMismatch(f"expected a decimal size in line 2, found {size[:40]!r}")
    signatures = _signatures(tail) if empty else ()
    return Checkpoint(origin, int(size), _root(root), signatures)


def _root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != text:
        raise CheckpointMismatch(
            f"expected a root of {HASH_BYTES} bytes in base64 in line 3, found {text[:80]!r}"
        )
    return root


def _signatures(tail: str) -> tuple[str, ...]:
    if not tail.endswith("\n"):
        raise CheckpointMismatch("expected signature lines that end, found a note cut off")
    lines = tuple(tail[:-1].split("\n"))
    for line in lines:
        match = _SIGNATURE.match(line)
        try:
            whole = match and len(base64.b64decode(match[2], validate=True)) >= _SIGNATURE_BYTES
        except binascii.Error:
            whole = False
        if not whole:
            raise CheckpointMismatch(
                f"expected a signature line '\u2014 name base64', found {line[:80]!r}"
            )
    return lines

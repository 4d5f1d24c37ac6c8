"""Reading `SHA256SUMS` and the note that binds it to the log.

`SHA256SUMS` is what `sha256sum` writes and checks: `<64 hex>  <path>` a line, here sorted by the
paths' bytes, each once. The note has four lines: `reprollm-bundle/v1`, the log's origin, the size
and root (base64) of its last checkpoint, and the SHA-256 of `SHA256SUMS`; a signed note goes on as
C2SP signed-note says.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from reprollm.bundles.statement import NOTE, SUMS, UNLISTED, VERSION
from reprollm.bundles.zip_fields import check_path
from reprollm.errors import ArchiveRefused, FileChanged

_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\Z")
_CHECKPOINT = re.compile(r"(0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Statement:
    """What the note over a bundle says.

    Attributes:
        origin: the log's name.
        size: number of records of the log.
        root: RFC 6962 root over them, 32 bytes.
        sums: SHA-256 of `SHA256SUMS`, hex.
        text: the four lines, which are what is signed.
        signed: whether signature lines follow.
    """

    origin: str
    size: int
    root: bytes
    sums: str
    text: str
    signed: bool


def parse_sums(content: bytes) -> dict[str, str]:
    """Return the SHA-256, hex, of each path that `SHA256SUMS` lists.

    Raises:
        FileChanged: it is not written as a bundle's list is.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise _malformed("text in UTF-8") from None
    if lines.pop() or not lines:
        raise _malformed("lines that end")
    found: dict[str, str] = {}
    before = b""
    for line in lines:
        match = _LINE.match(line)
        if not match:
            raise _malformed(f"lines of a digest and a path, found {line[:100]!r}")
        path = match[2]
        try:
            check_path(path)
        except ArchiveRefused:
            raise _malformed(f"plain paths, found {path[:100]!r}") from None
        if path.encode() <= before or path in UNLISTED:
            raise _malformed(f"sorted paths, each once, found {path[:100]!r}")
        found[path], before = match[1], path.encode()
    return found


def parse_note(content: bytes) -> Statement:
    """Return what `bundle.note` says; its signatures are judged elsewhere.

    Raises:
        FileChanged: it is not written as a bundle's note is.
    """
    try:
        text, empty, _ = content.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise FileChanged(f"expected UTF-8 text in {NOTE}, found other bytes") from None
    text += "\n" if empty else ""
    lines = text.split("\n")
    checkpoint = _CHECKPOINT.match(lines[2]) if len(lines) == 5 and not lines[4] else None
    if not checkpoint or lines[0] != VERSION or not lines[1] or not _HASH.match(lines[3]):
        raise FileChanged(
            f"expected four lines in {NOTE} ({VERSION}, origin, size and root, SHA-256 of {SUMS}),"
            f" found {text[:200]!r}"
        )
    root = base64.b64decode(checkpoint[2])
    if base64.b64encode(root).decode() != checkpoint[2]:
        raise FileChanged(f"expected a root in base64 in {NOTE}, found {checkpoint[2]!r}")
    return Statement(lines[1], int(checkpoint[1]), root, lines[3], text, bool(empty))


def _malformed(what: str) -> FileChanged:
    return FileChanged(f"{SUMS} is malformed: expected {what}; it was changed or cut off")

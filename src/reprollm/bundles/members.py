"""A bundle's members: a path in the bundle, and the file or bytes that stand there."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reprollm.errors import InvalidInput

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file of a bundle.

    Attributes:
        path: where it stands in the bundle, relative, with slashes.
        source: the file with its content, or the content itself.
    """

    path: str
    source: Path | bytes

    def open(self) -> BinaryIO:
        """Open the content for reading.

        Raises:
            InvalidInput: the file cannot be read.
        """
        if isinstance(self.source, bytes):
            return io.BytesIO(self.source)
        try:
            return self.source.open("rb")
        except OSError as error:
            raise InvalidInput(f"could not read {self.source}: {error.strerror}") from None

    def size(self) -> int:
        """Return the content's length in bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def read(self) -> bytes:
        """Return the whole content; for small members."""
        with self.open() as file:
            return file.read()


@dataclass(frozen=True)
class Measured:
    """A member with what one reading of it found.

    Attributes:
        member: the member.
        size: its length in bytes.
        sha256: SHA-256 of its content, hex.
        crc: CRC-32 of its content (ISO 3309), as zip archives hold it.
    """

    member: Member
    size: int
    sha256: str
    crc: int

    @property
    def path(self) -> str:
        """The member's path in the bundle."""
        return self.member.path


def measure(member: Member) -> Measured:
    """Read a member once and return its size and digests."""
    state, crc, size = hashlib.sha256(), 0, 0
    with member.open() as file:
        while block := file.read(_BLOCK):
            state.update(block)
            crc = zlib.crc32(block, crc)
            size += len(block)
    return Measured(member, size, state.hexdigest(), crc)

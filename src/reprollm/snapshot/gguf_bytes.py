"""Reads a file's beginning piece by piece, and never more than the file or a limit holds."""

from __future__ import annotations

import struct
from io import BufferedIOBase
from typing import Any, NoReturn

from reprollm.errors import SnapshotRefused

MAX_HEADER_BYTES = 128 * 1024 * 1024
STEP_BYTES = 1024 * 1024


class HeaderBytes:
    """A file's header as it is read; every claim of a length is checked before it is believed."""

    def __init__(self, file: BufferedIOBase, size: int, name: str) -> None:
        """Take the open file, its length in bytes, and its path in the snapshot for messages."""
        self._file, self._size, self._name = file, size, name
        self._bytes = bytearray()
        self.position = 0

    @property
    def left(self) -> int:
        """How many bytes the file holds behind the position."""
        return self._size - self.position

    def need(self, count: int, what: str) -> None:
        """Make `count` bytes behind the position available.

        Raises:
            SnapshotRefused: the file, or the largest header that is read, ends before.
        """
        end = self.position + count
        if end <= len(self._bytes):
            return
        if end > self._size:
            self.refuse(what, f"{count} bytes of it with {self.left} left in the file")
        if end > MAX_HEADER_BYTES:
            self.refuse(
                f"metadata and tensor list within {MAX_HEADER_BYTES} bytes", f"more, at {what}"
            )
        while len(self._bytes) < end:
            wanted = max(end - len(self._bytes), STEP_BYTES)
            more = self._file.read(min(wanted, MAX_HEADER_BYTES, self._size - len(self._bytes)))
            if not more:
                self.refuse(what, "the file's end")
            self._bytes += more

    def number(self, form: str, what: str) -> Any:
        """Return one number of a `struct` format."""
        size = struct.calcsize(form)
        self.need(size, what)
        (value,) = struct.unpack_from(form, self._bytes, self.position)
        self.position += size
        return value

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes."""
        self.need(count, what)
        self.position += count
        return bytes(self._bytes[self.position - count : self.position])

    def text(self, limit: int, what: str) -> str:
        """Return a string of at most `limit` bytes: its length as a 64-bit number, then UTF-8."""
        length = self.number("<Q", what)
        if length > limit:
            self.refuse(f"{what} of at most {limit} bytes", f"one of {length}")
        content = self.take(length, what)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            self.refuse(f"{what} in UTF-8", repr(content[:40]))

    def strings(self, count: int, what: str) -> bytes:
        """Return `count` strings, one behind the other, as the file holds them.

        Their contents are not decoded: a vocabulary may hold pieces of characters.
        """
        start = self.position
        data, step = self._bytes, struct.Struct("<Q")
        for _ in range(count):
            if self.position + 8 > len(data):
                self.need(8, what)
            (length,) = step.unpack_from(data, self.position)
            self.position += 8
            if self.position + length > len(data):
                self.need(length, what)
            self.position += length
        return bytes(data[start : self.position])

    def refuse(self, expected: str, found: str) -> NoReturn:
        """Raise `SnapshotRefused` about this file."""
        raise SnapshotRefused(
            f"{self._name} is not a well-formed GGUF file: expected {expected}, found {found}; "
            "download or convert the file again"
        )

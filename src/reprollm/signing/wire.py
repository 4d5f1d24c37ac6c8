"""The SSH wire format, read strictly (RFC 4251, section 5).

`string` is a length as uint32 and that many bytes; `mpint` is a string with a big-endian number in
two's complement, as short as can be. All numbers here are positive.
"""

from __future__ import annotations


def pack(value: bytes) -> bytes:
    """Return `value` as a string of the wire format."""
    return len(value).to_bytes(4, "big") + value


class Reader:
    """Takes one value after the other from a blob.

    Every method raises `ValueError`, with what was expected, where the blob does not hold it.
    """

    def __init__(self, blob: bytes) -> None:
        self._blob = blob
        self._at = 0

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes."""
        if len(self._blob) - self._at < count:
            raise ValueError(f"expected {count} bytes of {what}, found the end of the data")
        self._at += count
        return self._blob[self._at - count : self._at]

    def byte(self, what: str) -> int:
        """Return one byte."""
        return self.take(1, what)[0]

    def uint32(self, what: str) -> int:
        """Return a number of four bytes."""
        return int.from_bytes(self.take(4, what), "big")

    def string(self, what: str) -> bytes:
        """Return a string's bytes."""
        return self.take(self.uint32(f"the length of {what}"), what)

    def text(self, what: str) -> str:
        """Return a string of printable ASCII."""
        value = self.string(what)
        if not value.isascii() or not value.decode("ascii").isprintable():
            raise ValueError(f"expected printable ASCII as {what}, found {value[:80]!r}")
        return value.decode("ascii")

    def positive(self, what: str) -> int:
        """Return an mpint that is larger than 0."""
        value = self.string(what)
        number = int.from_bytes(value, "big")
        if number == 0 or value != number.to_bytes(number.bit_length() // 8 + 1, "big"):
            raise ValueError(f"expected a positive number in its shortest form as {what}")
        return number

    def exactly(self, size: int, what: str) -> bytes:
        """Return a string of `size` bytes."""
        value = self.string(what)
        if len(value) != size:
            raise ValueError(f"expected {size} bytes as {what}, found {len(value)}")
        return value

    def end(self, what: str) -> None:
        """Raise where something follows."""
        rest = len(self._blob) - self._at
        if rest:
            raise ValueError(f"expected nothing after {what}, found {rest} more bytes")

"""Bytes of a file, hashed while they are read, decompressed on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from reprollm.corpus.parts import Damaged

_READ = 1 << 20
COMPRESSIONS = (".gz", ".zst")


class HashedFile(io.RawIOBase):
    """A file that hashes what is read of it and tells how much that was."""

    def __init__(self, path: Path, progress: Callable[[int], object]) -> None:
        self._file = path.open("rb", buffering=0)
        self._hash = hashlib.sha256()
        self._progress = progress
        self.read_bytes = 0

    def readable(self) -> bool:
        """Say that bytes can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        count = self._file.readinto(buffer) or 0
        self._hash.update(memoryview(buffer)[:count])
        self.read_bytes += count
        self._progress(count)
        return count

    def sha256(self) -> str:
        """Read what is left, and return the hash of the whole file."""
        while self.read(_READ):
            pass
        return self._hash.hexdigest()

    def close(self) -> None:
        """Do nothing: readers on top close what they read, and the rest is still to be hashed."""

    def __exit__(self, *reason: object) -> None:
        self._file.close()


def compression(name: str) -> str:
    """Return the ending that says how a file is compressed, or nothing."""
    return next((ending for ending in COMPRESSIONS if name.lower().endswith(ending)), "")


def decompressed(file: HashedFile, name: str) -> IO[bytes]:
    """Return a buffered reader of what the file holds."""
    ending = compression(name)
    if ending == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=file), _READ)
    if ending == ".zst":
        import pyarrow as pa

        source = pa.PythonFile(io.BufferedReader(file, _READ), "r")
        return io.BufferedReader(_Readable(pa.CompressedInputStream(source, "zstd")), _READ)
    return io.BufferedReader(file, _READ)


class _Readable(io.RawIOBase):
    """An Arrow stream as Python's buffered reader wants it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def breaking_off() -> Iterator[None]:
    """Turn what a decompressor raises on a broken file into `Damaged`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Damaged(f"its gzip compression is broken: {error}") from None
    except OSError as error:
        # Arrow's own errors are OSErrors without a number; a disk's have one.
        if error.errno is not None:
            raise
        raise Damaged(f"its compression is broken: {error}") from None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The members of a zip from outside, read under limits and never written anywhere.

Only names are looked up, so no path can lead out of anything. Stored, deflated and Zstandard
members are read (APPNOTE.TXT 6.3.10, 4.4.5: methods 0, 8 and 93; newer `.eval` files use the last).
The directory's own size is checked before it is read, every member's while it is decompressed.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reprollm.errors import InvalidInput
from reprollm.unattested.outside import MAX_JSON_BYTES

MAX_DIRECTORY_BYTES = 64 * 1024**2
MAX_RATIO = 1000
_RATIO_FROM = 1024**2
_STORED, _DEFLATED, _ZSTANDARD = 0, 8, 93
_ENCRYPTED = 0x1
_LOCAL_HEADER, _LOCAL_MAGIC = 30, b"PK\x03\x04"
_END, _END_MAGIC, _COMMENT = 22, b"PK\x05\x06", 65535
_END64, _END64_MAGIC, _LOCATOR, _LOCATOR_MAGIC = 56, b"PK\x06\x06", 20, b"PK\x06\x07"


class Archive:
    """An open zip whose directory was read."""

    def __init__(self, path: Path, file: BinaryIO, infos: list[zipfile.ZipInfo]) -> None:
        self._path = path
        self._file = file
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) != len(infos):
            raise InvalidInput(f"expected each name once in {path}, found one twice")

    def names(self) -> list[str]:
        """Return the members' names in the directory's order."""
        return list(self._infos)

    def read(self, name: str) -> bytes:
        """Return one member whole.

        Raises:
            InvalidInput: it is missing, encrypted, damaged, too large, or compressed in an unknown
                way or beyond all proportion.
        """
        info = self._infos.get(name)
        if info is None:
            raise InvalidInput(f"expected {name} in {self._path}, found no such member")
        where = f"{name} in {self._path}"
        self._check(info, where)
        try:
            content = _decompress(self._raw(info, where), info)
        except (OSError, ValueError, zlib.error) as error:
            raise InvalidInput(f"could not decompress {where}: {error!s:.200}") from None
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise InvalidInput(
                f"expected {where} to have the size and checksum that its directory "
                "states, found others; the file is damaged"
            )
        return content

    def _check(self, info: zipfile.ZipInfo, where: str) -> None:
        if info.flag_bits & _ENCRYPTED:
            raise InvalidInput(f"expected plain members, found {where} encrypted")
        if info.compress_type not in (_STORED, _DEFLATED, _ZSTANDARD):
            raise InvalidInput(
                f"expected stored, deflated or Zstandard members, found {where} compressed by "
                f"method {info.compress_type}"
            )
        if info.file_size > MAX_JSON_BYTES:
            raise InvalidInput(
                f"expected at most {MAX_JSON_BYTES} bytes in {where}, found {info.file_size}"
            )
        if info.file_size > max(_RATIO_FROM, MAX_RATIO * info.compress_size):
            raise InvalidInput(
                f"expected honest compression of {where}, found more than {MAX_RATIO} to 1"
            )

    def _raw(self, info: zipfile.ZipInfo, where: str) -> bytes:
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) != _LOCAL_HEADER or not header.startswith(_LOCAL_MAGIC):
            raise InvalidInput(f"expected {where} where the directory says, found other bytes")
        name, extra = struct.unpack_from("<HH", header, 26)
        self._file.seek(name + extra, 1)
        raw = self._file.read(info.compress_size)
        if len(raw) != info.compress_size:
            raise InvalidInput(f"expected {info.compress_size} bytes of {where}, found the end")
        return raw


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a zip for reading.

    Raises:
        InvalidInput: it is no zip, or its directory is too large or lists a name twice.
    """
    try:
        with path.open("rb") as file:
            _check_directory(file, path)
            with zipfile.ZipFile(file) as archive:
                yield Archive(path, file, archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise InvalidInput(f"expected a zip archive in {path}, found: {error!s:.200}") from None
    except OSError as error:
        raise InvalidInput(f"could not read {path}: {error.strerror or error}") from None


def _check_directory(file: BinaryIO, path: Path) -> None:
    """Refuse a directory whose stated size is beyond reason, before anything reads it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END - _COMMENT - _LOCATOR))
    tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END:
        raise InvalidInput(f"expected a zip archive in {path}, found no directory at its end")
    (stated,) = struct.unpack_from("<L", tail, at + 12)
    if at >= _LOCATOR and tail[at - _LOCATOR : at].startswith(_LOCATOR_MAGIC):
        (named,) = struct.unpack_from("<Q", tail, at - _LOCATOR + 8)
        beside = size - (len(tail) - at) - _LOCATOR - _END64
        # Readers differ in which of the two places they look for the larger record.
        stated = max(_stated64(file, named, size), _stated64(file, beside, size))
    if stated > MAX_DIRECTORY_BYTES:
        raise InvalidInput(
            f"expected at most {MAX_DIRECTORY_BYTES} bytes of directory in {path}, found {stated}"
        )


def _stated64(file: BinaryIO, offset: int, size: int) -> int:
    """Return the directory's size by the zip64 record at `offset`; 0 where there is none."""
    if not 0 <= offset <= size - _END64:
        return 0
    file.seek(offset)
    end = file.read(_END64)
    return int(struct.unpack_from("<Q", end, 40)[0]) if end.startswith(_END64_MAGIC) else 0


def _decompress(raw: bytes, info: zipfile.ZipInfo) -> bytes:
    """Return the content, or one byte more than stated where there is more."""
    limit = info.file_size + 1
    if info.compress_type == _STORED:
        return raw[:limit]
    if info.compress_type == _DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, limit)
    return _zstandard(raw, limit)


def _zstandard(raw: bytes, limit: int) -> bytes:
    """Return at most `limit` bytes of one or more Zstandard frames (RFC 8878)."""
    import pyarrow as pa

    content = bytearray()
    with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as stream:
        while len(content) < limit and (block := stream.read(min(limit - len(content), 1 << 20))):
            content += block
    return bytes(content)

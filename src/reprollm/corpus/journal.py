"""What a scan has finished, one file for each unit, so that it can go on after it was killed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from reprollm import canon
from reprollm.corpus.unit_scan import UnitFound
from reprollm.errors import NotCanonical, StorageFailed


class Journal:
    """A folder of finished units.

    An entry is the SHA-256 of its second line, hexadecimal, then that line: canonical JSON. It
    appears under its name when it is whole; one that is not what its hash says is made again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, key: str, found: UnitFound) -> None:
        """Keep what a unit gave.

        Raises:
            StorageFailed: the file system refused; what is finished stays so.
        """
        line = canon.dumps(found.to_json())
        path = self._path(key)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.write(hashlib.sha256(line).hexdigest().encode() + b"\n" + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise StorageFailed(
                f"could not write {path}: {error.strerror}; make room or allow writing and start "
                "again: what is finished is not done twice"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def read(self, key: str) -> UnitFound | None:
        """Return what a unit gave; None where it is not finished."""
        try:
            digest, _, line = self._path(key).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        line = line.removesuffix(b"\n")
        if hashlib.sha256(line).hexdigest().encode() != digest:
            return None
        try:
            return UnitFound.from_json(canon.loads_object(line))
        except (NotCanonical, TypeError):
            return None

    def has(self, key: str) -> bool:
        """Say whether a unit is finished."""
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.scanned"

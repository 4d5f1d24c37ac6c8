"""Journals: what an attempt has done so far, safe against being killed.

An attempt appends each finished batch to `journals/<run16>.<first>-<last>.<attempt>.jsonl`, one
canonical line `{"record": …, "openings": […]}` a record, flushed to the disk, and holds an
exclusive lock on the file while it lives. A journal without a lock belongs to an attempt that was
killed; whoever finds it publishes its whole lines as a shard. A last line that was cut off was
never acknowledged and is left out.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reprollm.canon import dumps, loads_object
from reprollm.errors import NotCanonical, StorageFailed
from reprollm.records.sealed import Sealed, openings_from_json, openings_line
from reprollm.records.shard import make_folder, sync_folder


@dataclass(frozen=True)
class JournalName:
    """Which attempt a journal belongs to, as its file name says it."""

    run16: str
    first: int
    last: int
    attempt: str

    def file(self) -> str:
        """Return the journal's file name."""
        return f"{self.run16}.{self.first:08d}-{self.last:08d}.{self.attempt}.jsonl"

    @classmethod
    def parse(cls, path: Path) -> JournalName | None:
        """Return the name's parts, or None for a file that is no journal."""
        parts = path.name.split(".")
        if len(parts) != 4 or parts[3] != "jsonl":
            return None
        first, dash, last = parts[1].partition("-")
        if not (dash and first.isdigit() and last.isdigit()):
            return None
        return cls(parts[0], int(first), int(last), parts[2])


class Journal:
    """An attempt's own journal, open for appending and locked until closed."""

    def __init__(self, folder: Path, name: JournalName) -> None:
        """Create the journal; raise `StorageFailed` where the folder cannot be written."""
        self.path = folder / name.file()
        try:
            make_folder(folder)
            self._file: IO[bytes] = self.path.open("xb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sync_folder(folder)
        except OSError as error:
            raise _refused(self.path, error) from error

    def append(self, sealed: Iterable[Sealed]) -> None:
        """Append records and flush them to the disk; on return they survive a kill."""
        lines = [_line(item) for item in sealed]
        try:
            self._file.write(b"".join(lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(self.path, error) from error

    def remove(self) -> None:
        """Delete the journal, once its records are published, and release its lock."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Release the lock and leave the file to be salvaged."""
        with suppress(OSError):
            self._file.close()


def abandoned(folder: Path, run16: str) -> Iterator[tuple[JournalName, Path]]:
    """Yield the journals of `run16` whose attempts are dead on this host, in name order."""
    for path in sorted(folder.glob(f"{run16}.*.jsonl")):
        name = JournalName.parse(path)
        if name is not None and not is_locked(path):
            yield name, path


def read_journal(path: Path) -> list[Sealed]:
    """Return the whole records of a journal; stop at the first line that was cut off."""
    records = []
    for line in path.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            entry = loads_object(line[:-1])
        except NotCanonical:
            break
        records.append(Sealed(entry["record"], openings_from_json(entry["openings"])))
    return records


def is_locked(path: Path) -> bool:
    """Return whether the attempt that writes a journal lives, as far as this host can see."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return True
    return False


def _line(sealed: Sealed) -> bytes:
    opened = loads_object(openings_line("", sealed.openings))["openings"]
    return dumps({"record": sealed.record, "openings": opened}) + b"\n"


def _refused(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"could not write the journal {path}: {error.strerror}; answers up to the last finished "
        "batch are kept, make room or allow writing and start again"
    )

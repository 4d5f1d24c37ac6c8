"""Brings one file over: continued where a killed download stopped, whole and checked, or not there.

Bytes go to `.cache/parts/` of the partial folder; a file gets its own name only when it has the
listed size and the hub's digest.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from reprollm.errors import SnapshotChanged, SourceFailed
from reprollm.sources.host import Host, Interruption
from reprollm.sources.listing import RemoteFile
from reprollm.sources.reference import Reference

TRIES = 5
WAIT_SECONDS = 1.0
BLOCK = 4 * 1024 * 1024

Advance = Callable[[int], object]


def transfer(
    host: Host,
    reference: Reference,
    file: RemoteFile,
    folder: Path,
    advance: Advance,
    wait: float = WAIT_SECONDS,
) -> None:
    """Fetch a file into a folder, unless it is there already.

    Args:
        host: the hub.
        reference: repository and commit.
        file: what the hub says of the file.
        folder: the partial folder.
        advance: called with the number of bytes that are there more, or, where a start was of no
            use, fewer.
        wait: seconds before a second try, doubled for each further one.

    Raises:
        SnapshotChanged: what arrived is not what the hub lists.
        SourceFailed: the hub broke off too often.
    """
    target = folder / file.path
    if target.is_file():
        advance(file.size)
        return
    part = part_of(folder, file.path)
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    advance(min(part.stat().st_size, file.size))
    failures = 0
    while True:
        before = part.stat().st_size
        try:
            _continue(host, reference, file, part, advance)
            break
        except Interruption as error:
            failures = 1 if part.stat().st_size > before else failures + 1
            if failures == TRIES:
                raise SourceFailed(
                    f"expected {file.path} from {host.address}, found it broken off ({error}) "
                    f"{TRIES} times; start the command again to go on"
                ) from None
            time.sleep(wait * 2 ** (failures - 1))
    _check(file, part, host)
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)


def part_of(folder: Path, path: str) -> Path:
    """Return where the bytes of an unfinished file lie."""
    return folder / ".cache" / "parts" / hashlib.sha256(path.encode()).hexdigest()[:32]


def digest_of(path: Path, file: RemoteFile) -> str:
    """Return the digest of a local file of the kind that the hub names for it."""
    state = hashlib.sha256()
    if file.sha256 is None:
        # The Git blob id is SHA-1 by Git's format, here as an identifier.
        state = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as opened:
        while block := opened.read(BLOCK):
            state.update(block)
    return state.hexdigest()


def _continue(
    host: Host, reference: Reference, file: RemoteFile, part: Path, advance: Advance
) -> None:
    """Append what is missing; a server that begins elsewhere is taken from where it begins."""
    have = part.stat().st_size
    if have > file.size:
        os.truncate(part, 0)
        have = 0
    if have == file.size:
        return
    with host.stream(reference, file.path, have) as (start, chunks), part.open("r+b") as output:
        if start > have:
            raise Interruption("a reply that begins too late")
        output.truncate(start)
        output.seek(start)
        advance(start - have)
        position = start
        for chunk in chunks:
            position += len(chunk)
            if position > file.size:
                output.truncate(0)
                raise SnapshotChanged(
                    f"expected {file.size} bytes of {file.path} from {host.address}, found more; "
                    "the hub does not send what it lists"
                )
            output.write(chunk)
            advance(len(chunk))
        output.flush()
        os.fsync(output.fileno())
    if position < file.size:
        raise Interruption(f"{position} of {file.size} bytes")


def _check(file: RemoteFile, part: Path, host: Host) -> None:
    expected = file.sha256 or file.git_blob
    found = digest_of(part, file)
    if found != expected:
        part.unlink()
        kind = "SHA-256" if file.sha256 else "Git blob id"
        raise SnapshotChanged(
            f"{file.path} from {host.address} is not what the hub lists: expected {kind} "
            f"{expected}, found {found}; nothing of it was kept, fetch again or from another mirror"
        )

"""The three files of a seal on the disk, written so that a crash may cut anywhere.

Secrets come first, then the seal, the published data last: there is never a published file without
its seal, nor a seal that nobody can open. No file that exists is ever replaced.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.records.shard import make_folder, sync_folder, write_once
from reprollm.sealing.make import Sealed

_PRIVATE = 0o600


@dataclass(frozen=True)
class Places:
    """Where the files of a seal go."""

    data: Path
    seal: Path
    secrets: Path


def write_sealed(places: Places, sealed: Sealed) -> None:
    """Write secrets (mode 0600), seal and data, each durably and whole.

    Raises:
        InvalidInput: one of the files exists, or the secrets would lie where they get published.
        StorageFailed: the file system refused; data without its seal is never left behind.
    """
    for path in (places.secrets, places.seal, places.data):
        if path.exists() or path.is_symlink():
            raise InvalidInput(
                f"expected no file at {path}, found one; what was sealed is never replaced. If a "
                "sealing was broken off and no data file was written, nothing was published by "
                "it: remove its secrets and seal and start again"
            )
    _refuse_published(places.secrets)
    write_private(places.secrets, sealed.secrets)
    for path, content in ((places.seal, sealed.seal), (places.data, sealed.data)):
        if not write_once(path, content):
            raise InvalidInput(f"expected no file at {path}, found one; it was left as it is")


def write_private(path: Path, content: bytes) -> None:
    """Create a file, durably, that only its owner may read; one that exists is never touched.

    A process that is killed meanwhile leaves a part of it, which opens nothing.

    Raises:
        InvalidInput: there is one.
        StorageFailed: the file system refused; no file was left there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        make_folder(path.parent)
        descriptor = os.open(path, flags, _PRIVATE)
    except FileExistsError:
        raise InvalidInput(f"expected no file at {path}, found one; it was left as it is") from None
    except OSError as error:
        raise StorageFailed(f"could not write {path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise StorageFailed(f"could not write {path}: {error.strerror}") from error


def published_with(path: Path) -> Path | None:
    """Return the folder of a Git checkout in which `path` lies, or None."""
    return next((each for each in path.resolve().parents if (each / ".git").exists()), None)


def _refuse_published(path: Path) -> None:
    for folder in path.resolve().parents:
        is_ledger = (folder / "log").is_dir() and (folder / "shards").is_dir()
        if is_ledger or (folder / "SHA256SUMS").is_file():
            raise InvalidInput(
                f"expected the secrets outside of ledgers and bundles, found {path} in {folder}; "
                "what lies there is handed to others: name another place"
            )

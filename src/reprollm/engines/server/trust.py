"""How well it is known which model answers: owned, attested or claimed.

Never by what a server says alone. *Owned*: this program started the server on files that it had
hashed, and every reply carries the snapshot's id. *Attested*: the server says which files of this
machine it loaded, or the operating system shows that it maps them, and they are the very files that
were hashed. *Claimed*: a name over HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reprollm.engines.server.address import Address
from reprollm.engines.server.dialect import Identity
from reprollm.engines.server.process import mapped_files
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import TRUST
from reprollm.snapshot.files import list_files
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel
from reprollm.snapshot.ollama import MANIFEST

WEIGHTS = (".gguf", ".safetensors")


@dataclass(frozen=True)
class Trust:
    """A class of trust, one of `experiment.engine.TRUST`, and what it rests on, in words."""

    name: str
    evidence: str


def judge(identity: Identity, address: Address, located: LocatedModel, lock: Lock) -> Trust:
    """Return how far a server that this program did not start can be trusted.

    Args:
        identity: what the server says.
        address: where it is.
        located: the folders whose files were hashed; none for a model that is only claimed.
        lock: the lock of the model.
    """
    if not located.folders:
        return Trust("claimed", "no files of this model are on this machine")
    if not address.loopback:
        return Trust("claimed", "the server is on another machine")
    if _same_manifest(identity, lock):
        return Trust("attested", "the server names the digest of the manifest that was hashed")
    folder = located.folders[0]
    weights = _weights(folder, lock)
    if any(_is_ours(Path(path), folder, weights) for path in identity.paths):
        return Trust("attested", "the server names the path of files that were hashed")
    if weights and weights <= mapped_files(address):
        return Trust("attested", "the server's process maps the weight files that were hashed")
    return Trust("claimed", "the server names no file that was hashed")


def demand(trust: Trust, least: str) -> None:
    """Raise `EngineUnavailable` where trust is below what the experiment accepts."""
    if TRUST.index(trust.name) < TRUST.index(least):
        raise EngineUnavailable(
            f"expected a model that is {least}, found one that is {trust.name}: {trust.evidence}; "
            f"run the server here on the pinned files, or accept that with `trust: {trust.name}` "
            "under `server`"
        )


def _same_manifest(identity: Identity, lock: Lock) -> bool:
    hashed = next((file.sha256 for file in lock.files if file.path == MANIFEST), None)
    return bool(identity.digest) and identity.digest == hashed


def _weights(folder: Path, lock: Lock) -> set[tuple[int, int]]:
    """Return device and inode of the snapshot's weight files."""
    listed = list_files(folder, lock.excluded)
    return {
        (file.stamp.device, file.stamp.inode)
        for file in listed
        if file.path.lower().endswith(WEIGHTS)
    }


def _is_ours(told: Path, folder: Path, weights: Iterable[tuple[int, int]]) -> bool:
    """Return whether a path that a server tells is the folder or one of its weight files."""
    with suppress(OSError, ValueError):
        status = os.stat(told)
        if (status.st_dev, status.st_ino) in weights:
            return True
        return folder.is_dir() and told.is_dir() and told.samefile(folder)
    return False

"""The Hugging Face cache's layout, and what its names say about content without a network.

`<cache>/models--<org>--<name>/snapshots/<commit>/<file>` links to `../../blobs/<blob>`. A blob
named by 64 hex digits is a large file (Git LFS) and its name is the SHA-256 of its content; one
named by 40 hex digits is an ordinary Git object and its name is the Git blob id: SHA-1 over
`blob`, a space, the size, a zero byte and the content. Repository and commit are circumstance: they
say where a snapshot came from, its identity is the hash of its files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import SnapshotChanged

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Origin:
    """A snapshot folder inside the cache: repository, commit, and the folder of its blobs."""

    repo: str
    commit: str
    blobs: Path


def origin(folder: Path) -> Origin | None:
    """Return where in a Hugging Face cache `folder` lies, or None for an ordinary folder."""
    repository = folder.parent.parent
    kind, _, repo = repository.name.partition("--")
    if folder.parent.name != "snapshots" or kind != "models" or not repo:
        return None
    if not _COMMIT.match(folder.name):
        return None
    return Origin(repo.replace("--", "/"), folder.name, (repository / "blobs").resolve())


def is_git_name(blob: str | None) -> bool:
    """Say whether a blob's name is a Git blob id (SHA-1) and not the SHA-256 of a large file."""
    return blob is not None and _COMMIT.match(blob) is not None


def check_blob(path: str, blob: str, sha256: str, git_blob: str | None) -> None:
    """Raise `SnapshotChanged` unless the blob's name is the hash of its content.

    Args:
        path: the file's path in the snapshot, for the message.
        blob: the name of the file in `blobs/`.
        sha256: SHA-256 of the content, hex.
        git_blob: Git blob id of the content, hex, or None when it was not computed.
    """
    if _SHA256.match(blob):
        found = sha256
    elif is_git_name(blob) and git_blob is not None:
        found = git_blob
    else:
        raise SnapshotChanged(
            f"expected {path} to lead to a blob named by a hash of 40 or 64 hex digits, "
            f"found {blob!a}; download the model again"
        )
    if found != blob:
        raise SnapshotChanged(
            f"{path} is not what the hub published: expected a file with hash {blob}, "
            f"found {found}; download the model again"
        )

"""What a hub says is in a repository at a commit, and which of it belongs to a snapshot.

Taken are weights in safetensors or GGUF and small files; left out are pickles and code (see
`reprollm.snapshot.names`), other large files, and what the user leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.errors import InvalidInput, SnapshotRefused
from reprollm.snapshot.files import MAX_FILES
from reprollm.snapshot.names import CODE, IGNORED_FOLDERS, PICKLED, check_path, is_excluded

WEIGHTS = (".safetensors", ".gguf")
SMALL_BYTES = 64 * 1024 * 1024
MAX_BYTES = 2**50

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_GIT = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub lists it: `sha256` of large files, the Git blob id of ordinary ones."""

    path: str
    size: int
    sha256: str | None
    git_blob: str | None

    @property
    def is_weights(self) -> bool:
        """Whether its ending is one of weights."""
        return self.path.lower().endswith(WEIGHTS)


@dataclass(frozen=True)
class Choice:
    """The files to fetch, small ones first, and those left out with the reason."""

    taken: tuple[RemoteFile, ...]
    left: tuple[tuple[str, str], ...]

    @property
    def total_bytes(self) -> int:
        """Size of the files to fetch together."""
        return sum(file.size for file in self.taken)


def check_listing(files: Sequence[RemoteFile], where: str) -> None:
    """Raise `SnapshotRefused` unless paths are plain and single and every file has a digest."""
    if len(files) > MAX_FILES:
        raise SnapshotRefused(f"expected at most {MAX_FILES} files in {where}, found more")
    seen: set[str] = set()
    for file in files:
        check_path(file.path, where)
        if file.path in seen:
            raise SnapshotRefused(f"expected every file once in {where}, found {file.path!a} again")
        seen.add(file.path)
        if not 0 <= file.size <= MAX_BYTES:
            raise SnapshotRefused(
                f"expected a size in bytes for {file.path!a} in {where}, found {file.size!a:.40}"
            )
        digests = ((file.sha256, _SHA256), (file.git_blob, _GIT))
        good = [value for value, form in digests if value is not None and form.match(value)]
        if len(good) != sum(value is not None for value, _ in digests) or not good:
            raise SnapshotRefused(
                f"expected the hub's digest of {file.path!a} in {where}, found none that is one; "
                "without it nobody can say whether what arrives is what was published"
            )


def choose(
    files: Sequence[RemoteFile], include: Sequence[str], exclude: Sequence[str], where: str
) -> Choice:
    """Return which files to fetch.

    Args:
        files: all files of the repository.
        include: patterns of weight files; where there are any, no other weights are taken.
        exclude: patterns of files to leave out, weights or not.
        where: the repository, for messages.

    Raises:
        InvalidInput: no weights are left.
    """
    taken, left = [], []
    for file in files:
        reason = _reason(file, include, exclude)
        if reason is None:
            taken.append(file)
        else:
            left.append((file.path, reason))
    if not any(file.is_weights for file in taken):
        raise InvalidInput(
            f"expected weights in safetensors or GGUF in {where}, found none to fetch among "
            f"{len(files)} files{_first_left(left)}; take a repository that has them"
        )
    taken.sort(key=lambda file: (file.is_weights, file.size, file.path))
    return Choice(tuple(taken), tuple(sorted(left)))


def _reason(file: RemoteFile, include: Sequence[str], exclude: Sequence[str]) -> str | None:
    """Return why a file is left out, or None."""
    ending = "." + file.path.lower().rpartition(".")[2]
    if is_excluded(file.path, exclude):
        return "excluded"
    if file.path.partition("/")[0] in IGNORED_FOLDERS:
        return "no part of the model"
    if ending in PICKLED:
        return "weights that may run code when loaded"
    if ending in CODE:
        return "code"
    if file.is_weights:
        return "not included" if include and not is_excluded(file.path, include) else None
    return "large and of no known kind" if file.size > SMALL_BYTES else None


def _first_left(left: Sequence[tuple[str, str]]) -> str:
    pairs = [f"{path!a} ({reason})" for path, reason in left if reason != "no part of the model"]
    return f", left out {', '.join(pairs[:3])}" if pairs else ""

"""A snapshot that is one GGUF file, among others in its folder.

Such files lie beside others of the same model, or in a folder of downloads. The snapshot is then
its folder with everything left out but the file and, of a split model, its other parts; so it is
found, checked and pinned again by the same rules as a folder of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape
from pathlib import Path

from reprollm.errors import InvalidInput
from reprollm.snapshot.gguf_split import siblings
from reprollm.snapshot.names import KEEP

EVERYTHING = "*"


def single(path: Path, excluded: Sequence[str]) -> tuple[Path, tuple[str, ...]]:
    """Return the folder of a GGUF file, and the exclusions that leave only the file's model.

    A path that is no file is returned as it is.

    Raises:
        InvalidInput: a file of another kind, or exclusions of the user's own beside it.
    """
    if not path.is_file():
        return path, tuple(excluded)
    if path.suffix.lower() != ".gguf":
        raise InvalidInput(
            f"expected a model folder or a GGUF file, found the file {path}; "
            "name the folder that it lies in"
        )
    if excluded:
        raise InvalidInput(
            f"expected no --exclude with the single file {path}, found {excluded[0]!r}; all other "
            "files of its folder are left out already"
        )
    kept = [KEEP + escape(name) for name in siblings(path.name)]
    return path.parent, (EVERYTHING, *kept)


def named_files(excluded: Sequence[str]) -> frozenset[str] | None:
    """Return the names at the folder's top that exclusions leave, None where they leave patterns.

    A folder of downloads may be huge; what lies in it besides is then never looked at.
    """
    kept = [pattern.removeprefix(KEEP) for pattern in excluded if pattern.startswith(KEEP)]
    if EVERYTHING not in excluded or any("/" in name for name in kept):
        return None
    names = [_literal(name) for name in kept]
    return None if None in names else frozenset(name for name in names if name is not None)


def _literal(pattern: str) -> str | None:
    """Return the one name that an escaped pattern matches, None for a real pattern."""
    name = pattern
    for character in "*?[":
        name = name.replace(f"[{character}]", character)
    return name if escape(name) == pattern else None

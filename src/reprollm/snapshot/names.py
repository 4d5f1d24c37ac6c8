"""Which file names a snapshot may hold: relative, plain, and of a kind that is only data.

A pinned model is opened by programs that trust it. Names that could lead out of the folder, hide
on a terminal, or make a library run code are refused here, before anything is opened. Pickled
formats run code when they are loaded (Python's `pickle` documentation, first paragraph); ONNX may
name external files; `.py` files are what `trust_remote_code` imports.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

from reprollm.errors import InvalidInput, SnapshotRefused

KEEP = "!"
"""Before an exclusion's pattern: keep what it matches."""

IGNORED_FOLDERS = frozenset({".git", ".cache"})

PICKLED = frozenset(
    ".bin .pt .pt2 .pth .ptl .ckpt .pkl .pickle .joblib .dill .npy .npz .h5 .hdf5 .keras "
    ".msgpack .onnx .ot .nemo .mar .pb .tflite".split()
)
CODE = frozenset(".py .pyc .pyd .so .dll .dylib .exe .llamafile".split())

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_path(path: str, where: str) -> str:
    """Return `path` when it is a plain relative path with `/` between its parts.

    Args:
        path: the path as written in a folder, an index or a lock.
        where: what holds the path, for the message.

    Raises:
        SnapshotRefused: absolute, empty or `..` parts, backslashes, control or bidirectional
            characters, or not Unicode.
    """
    if any(_hidden(character) for character in path):
        raise SnapshotRefused(
            f"expected file names of visible Unicode characters in {where}, found {path!a}"
        )
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise SnapshotRefused(
            f"expected paths that stay inside the model folder in {where}, found {path!a}"
        )
    if len(path) > 1 and path[1] == ":":
        raise SnapshotRefused(f"expected relative paths in {where}, found {path!a}")
    return path


def check_name(name: str) -> str:
    """Return a snapshot's name for people; raise `InvalidInput` for an empty or hiding one."""
    if not name.strip() or any(_hidden(character) for character in name):
        raise InvalidInput(f"expected a model's name of visible characters, found {name!a:.80}")
    return name


def check_pattern(pattern: str) -> str:
    """Return an exclusion pattern; raise `InvalidInput` for one that can match no listed path."""
    plain = pattern.removeprefix(KEEP)
    if not plain or plain.startswith("/") or ".." in plain.split("/"):
        raise InvalidInput(
            f"expected a pattern of paths inside the model folder such as '*.bin' or "
            f"'original/*', found {pattern!r}"
        )
    return pattern


def is_excluded(path: str, patterns: Sequence[str]) -> bool:
    """Say whether a pattern matches the whole path, or, without `/`, the file's own name.

    A pattern behind `!` keeps what it matches, whatever the others say.
    """
    kept = [pattern.removeprefix(KEEP) for pattern in patterns if pattern.startswith(KEEP)]
    left_out = [pattern for pattern in patterns if not pattern.startswith(KEEP)]
    return _matches(path, left_out) and not _matches(path, kept)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    name = path.rpartition("/")[2]
    return any(
        fnmatchcase(path, pattern) or ("/" not in pattern and fnmatchcase(name, pattern))
        for pattern in patterns
    )


def refuse_formats(paths: Sequence[str]) -> None:
    """Raise `SnapshotRefused` when a path's ending names a pickled or executable format."""
    for endings, what in ((PICKLED, "weights that may run code when loaded"), (CODE, "code")):
        bad = [path for path in paths if _ending(path) in endings]
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            globs = " ".join(f"--exclude '*{ending}'" for ending in sorted(set(map(_ending, bad))))
            raise SnapshotRefused(
                f"expected safetensors or GGUF weights and no code, found {what}: {bad[0]}{more}; "
                f"if the model works without, leave it out with {globs}"
            )


def _ending(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


def _hidden(character: str) -> bool:
    return character in _BIDI_CONTROLS or unicodedata.category(character) in _INVISIBLE

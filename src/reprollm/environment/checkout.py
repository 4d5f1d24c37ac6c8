"""The version control state of the code that is running: commit, and a digest of what differs.

Only a checkout that tracks this package counts: a virtual environment that happens to lie inside
some repository says nothing about its installed packages.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from reprollm.canon import Json

PACKAGE = Path(__file__).resolve().parent.parent
_TIMEOUT = 30.0


def checkout_facts(package: Path = PACKAGE) -> dict[str, Json] | None:
    """Return `{"commit", "dirty"}` of the checkout that tracks `package`, or None.

    `commit` is null before the first commit. `dirty` is null for a clean tree, otherwise the hex
    SHA-256 over the difference from the commit and the untracked files below `package`.
    """
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit = _git(package, "rev-parse", "--verify", "--quiet", "HEAD")
    base = "HEAD" if commit else _git(package, "hash-object", "-t", "tree", os.devnull)
    if isinstance(base, bytes):
        base = base.decode().strip()
    if base is None:
        return None
    difference = _git(package, "diff", "--binary", "--no-ext-diff", "--no-textconv", base)
    untracked = _git(package, "ls-files", "-z", "--others", "--exclude-standard", ".")
    return {
        "commit": commit.decode().strip() if commit else None,
        "dirty": _dirty(package, difference or b"", untracked or b""),
    }


def _dirty(package: Path, difference: bytes, untracked: bytes) -> str | None:
    names = sorted(name for name in untracked.split(b"\0") if name)
    if not difference and not names:
        return None
    state = hashlib.sha256(difference)
    for name in names:
        state.update(b"\0" + name + b"\0")
        try:
            state.update(hashlib.sha256((package / os.fsdecode(name)).read_bytes()).digest())
        except OSError:
            continue
    return state.hexdigest()


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return the output of one read-only git command, or None where git or a checkout is absent."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None

"""Proofs that a text existed at a time: a commit of a git repository, read from its own bytes.

What a proof of creation shows is that something existed when the commit was made or the time stamp
given. That the item was not written earlier is still its author's word, bound to that evidence; a
time that is later than a release is as near to a proof of later creation as a file can come.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from reprollm.errors import InvalidInput

_COMMITTER = re.compile(rb"^committer [^\n]*> (\d{1,11}) [+-]\d{4}$", re.MULTILINE)
_SHA1, _SHA256 = 40, 64


def commit_time(content: bytes, commit: str) -> str:
    """Return the committer's time of a commit, RFC 3339 UTC.

    Args:
        content: the commit object as `git cat-file commit ID` prints it.
        commit: its id, hex: SHA-1 or SHA-256 over the object with git's header.

    Raises:
        InvalidInput: the bytes are not the object of that id, or name no committer.
    """
    framed = b"commit %d\0" % len(content) + content
    found = {
        _SHA1: hashlib.sha1(framed, usedforsecurity=False).hexdigest(),
        _SHA256: hashlib.sha256(framed).hexdigest(),
    }.get(len(commit))
    if found != commit:
        raise InvalidInput(
            f"expected the bytes of commit {commit!a:.70} as `git cat-file commit` prints them, "
            f"found those of {found or 'none'}"
        )
    head = content.partition(b"\n\n")[0]
    match = _COMMITTER.search(head)
    if match is None:
        raise InvalidInput(f"expected a committer with a time in commit {commit[:16]}, found none")
    try:
        return datetime.fromtimestamp(int(match[1]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"expected a time that exists in commit {commit[:16]}") from None

"""What a hub must be able to say; one module each for the hubs that can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from reprollm.sources.listing import RemoteFile
from reprollm.sources.reference import Reference


class Host(Protocol):
    """A hub of model repositories.

    Attributes:
        name: `hub` (Hugging Face) or `modelscope`.
        address: where it is asked, for messages: scheme and host, never a token or a query.
    """

    name: str
    address: str

    def commit_of(self, repo: str, revision: str | None) -> str | None:
        """Return the full commit that a branch, tag or short id means now, None if not known."""

    def files(self, reference: Reference) -> list[RemoteFile]:
        """Return all files of a repository at a commit.

        Raises:
            InvalidInput: no such repository or commit, or no permission.
            SourceFailed: the hub does not answer.
        """

    def stream(
        self, reference: Reference, path: str, offset: int
    ) -> AbstractContextManager[tuple[int, Iterator[bytes]]]:
        """Open a file's bytes from `offset` on; gives where they really start, and the bytes.

        Raises:
            Interruption: the connection broke; try again.
            InvalidInput: no such file, or no permission.
        """


class Interruption(Exception):
    """The hub broke off, or asked to try again later; never leaves this package."""


def denied(status: int, what: str, token: str) -> str:
    """Return the sentence for a reply with status 401, 403 or 404.

    Args:
        status: the HTTP status.
        what: what was asked for, and where.
        token: the environment variable that may hold the user's token.
    """
    if status == 404:
        return (
            f"expected {what}, found nothing there (HTTP 404); check the spelling and the commit, "
            f"and for a private repository set {token}"
        )
    return (
        f"expected to be allowed to read {what}, found that it needs permission (HTTP {status}); "
        f"accept its licence on its page there, and set {token} to a token that may read it"
    )

"""Which files of which repository: `ORG/NAME@COMMIT`, where the commit is a full one.

Branches and tags move; a short id may name two commits later. A record that names one of them says
nothing, so only the forty hex digits of a commit are taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from reprollm.errors import InvalidInput, ReprollmError

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\Z", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True)
class Reference:
    """A repository and a full commit."""

    repo: str
    commit: str

    @property
    def name(self) -> str:
        """The repository's name without the organisation."""
        return self.repo.rpartition("/")[2]


def parse_reference(text: str, commit_of: Callable[[str, str | None], str | None]) -> Reference:
    """Return the reference in `text`.

    Args:
        text: as the user wrote it.
        commit_of: asks the hub for the full commit that a repository's branch, tag or short id
            means now (None for the default branch); asked only to say so in the refusal.

    Raises:
        InvalidInput: not `ORG/NAME@COMMIT`, or the commit is not a full one.
    """
    repo, at, revision = text.partition("@")
    if not _REPO.match(repo) or ".." in repo:
        raise InvalidInput(
            f"expected a repository and a commit such as org/model@{'0' * 40}, found {text!a:.200}"
        )
    if _COMMIT.match(revision):
        return Reference(repo, revision)
    found = f"the name {revision!a:.80}" if at and revision else "none"
    raise InvalidInput(
        f"expected the full commit of {repo}, 40 hex digits after '@', found {found}, which may "
        f"mean other files tomorrow{_hint(repo, revision or None, commit_of)}"
    )


def _hint(
    repo: str, revision: str | None, commit_of: Callable[[str, str | None], str | None]
) -> str:
    try:
        commit = commit_of(repo, revision)
    except ReprollmError:
        commit = None
    if commit is None or not _COMMIT.match(commit):
        return "; the hub's page of the model's commits shows it"
    return f"; at this moment it is {repo}@{commit}"

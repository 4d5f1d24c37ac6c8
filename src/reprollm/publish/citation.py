"""`CITATION.cff` (Citation File Format 1.2.0): the experiment's own, or one made of what is known.

What nobody told us stands there as `FIXME`, to be filled by the people whom it concerns.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

from reprollm.bundles.members import Member
from reprollm.errors import InvalidInput
from reprollm.publish.account import Account

BLANK = "FIXME"
_VERSION = "1.2.0"
_REQUIRED = ("cff-version", "message", "title", "authors")
_ORCID = re.compile(r"(?:https://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])\Z")


@dataclass(frozen=True)
class Author:
    """A person or body that made the experiment; `orcid` without its address, or None."""

    name: str
    orcid: str | None
    person: bool


@dataclass(frozen=True)
class Citation:
    """What a CITATION.cff says; fields that it does not have are None."""

    title: str
    authors: tuple[Author, ...]
    licence: str | None
    reference: str | None
    content: bytes


def read_citation(member: Member) -> Citation:
    """Return what the experiment's own file says.

    Raises:
        InvalidInput: it is no YAML, or lacks what the format requires.
    """
    content = member.read()
    value = _loaded(content, member.path)
    missing = [name for name in _REQUIRED if not value.get(name)]
    authors = value.get("authors")
    if missing or not isinstance(authors, list) or not all(map(_named, authors)):
        what = ", ".join(missing) or "authors with names"
        raise InvalidInput(
            f"expected {', '.join(_REQUIRED)} in the experiment's {member.path.partition('/')[2]} "
            f"(Citation File Format {_VERSION}), missing: {what}"
        )
    licence = value.get("license")
    return Citation(
        title=str(value["title"]),
        authors=tuple(map(_author, authors)),
        licence=licence if isinstance(licence, str) else None,
        reference=_reference(value),
        content=content,
    )


def make_citation(account: Account, title: str) -> Citation:
    """Return a citation of an experiment that has no file of its own."""
    author = Author(f"{BLANK}: the authors of this experiment", None, False)
    value = {
        "cff-version": _VERSION,
        "message": "If you use these results, please cite them as below.",
        "type": "dataset",
        "title": title,
        "authors": [{"name": author.name}],
        "date-released": account.ended[:10],
        "identifiers": [
            {
                "type": "other",
                "value": f"{account.checkpoint.origin} {account.checkpoint.size} {account.root}",
                "description": "Name, size and root (RFC 6962) of the log of all records",
            }
        ],
    }
    return Citation(title, (), None, None, dumped(value))


def dumped(value: dict[str, Any], *, explicit: bool = False) -> bytes:
    """Return YAML with keys as they come; `explicit` begins it with a document marker."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.explicit_start = explicit
    yaml.allow_unicode = True
    yaml.width = 96
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.BytesIO()
    yaml.dump(value, text)
    return text.getvalue()


def _loaded(content: bytes, path: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        value = YAML(typ="safe", pure=True).load(content)
    except (YAMLError, ValueError) as error:
        raise InvalidInput(f"expected YAML in {path}: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"expected keys and values in {path}, found another YAML value")
    return value


def _named(author: Any) -> bool:
    return isinstance(author, dict) and bool(_name(author))


def _name(author: dict[str, Any]) -> str:
    if author.get("name"):
        return str(author["name"])
    parts = ("given-names", "name-particle", "family-names", "name-suffix")
    return " ".join(str(author[part]) for part in parts if author.get(part))


def _author(author: dict[str, Any]) -> Author:
    match = _ORCID.match(str(author.get("orcid", "")))
    return Author(_name(author), match[1] if match else None, "name" not in author)


def _reference(value: dict[str, Any]) -> str | None:
    """Return where the paper is found: the preferred citation's address, else the file's own."""
    preferred = value.get("preferred-citation")
    for place in (preferred if isinstance(preferred, dict) else {}, value):
        if place.get("doi"):
            return f"https://doi.org/{place['doi']}"
        if place.get("url"):
            return str(place["url"])
    return None

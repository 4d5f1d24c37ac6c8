"""Tags of tokens, read from a JSON array or from words, and the mentions that they mark.

Mentions are read from tags as the HIPE scorer does (hipe-eval/HIPE-scorer, after Ehrmann et al.
2020): a type that changes begins a mention, with `B-` or without.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reprollm.scores.parsers.answer import Mention

_OUTSIDE = frozenset({"O", "_", "-"})
_PREFIXES = {"B-": "B-", "I-": "I-", "S-": "B-", "E-": "I-"}


def texts_of(text: str) -> list[str] | None:
    """Return the strings of a JSON array; None if a text is none, or one has a lone surrogate."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list) and all(isinstance(t, str) and whole(t) for t in found):
        return found
    return None


def whole(text: str) -> bool:
    """Return whether a text has no lone surrogate, which JSON can write but no record holds."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def read_tags(texts: Sequence[str]) -> tuple[str, ...] | None:
    """Return tags in one form, `O` or `B-` or `I-` and a type; None if a text is no tag."""
    tags = []
    for text in texts:
        tag = text.upper()
        if tag in _OUTSIDE:
            tags.append("O")
        elif tag[:2] in _PREFIXES and len(tag) > 2:
            tags.append(_PREFIXES[tag[:2]] + tag[2:])
        else:
            return None
    return tuple(tags)


def tags_of_output(output: str) -> tuple[str, ...] | None:
    """Return the tags of an output: those of a JSON array, or of its words."""
    stripped = output.strip()
    texts = texts_of(stripped) if stripped.startswith("[") else stripped.split()
    return None if texts is None else read_tags(texts)


def tags_of_reference(reference: str) -> tuple[str, ...] | None:
    """Return the tags of a reference, which is a JSON array; None if it is of no use."""
    texts = texts_of(reference)
    return None if texts is None else read_tags(texts)


def mentions_of(tags: Sequence[str]) -> Iterator[Mention]:
    """Yield the mentions that tags mark, by their first token."""
    start, kind = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        inside = tag[2:]
        if kind and (inside != kind or tag.startswith("B-")):
            yield Mention(start, index - 1, kind)
            kind = ""
        if inside and not kind:
            start, kind = index, inside

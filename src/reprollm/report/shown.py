"""Texts from outside, made harmless for a page: what acts instead of showing is written out.

Jinja's autoescape takes care of markup. This takes care of what escaping leaves: controls, and
format characters, bidirectional overrides among them (Unicode 16, table 4-4; UTR 36, section 3.1),
which could show a text in another order than it has.
"""

from __future__ import annotations

import unicodedata

_ACTING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_PLAIN = frozenset("\n\t")


def shown(text: object, limit: int | None = None) -> str:
    """Return `text` with every character that acts written as an escape.

    Args:
        text: any value; its `str` is shown.
        limit: cut after this many characters, marked by an ellipsis.
    """
    whole = str(text)
    cut = whole if limit is None or len(whole) <= limit else whole[: limit - 1] + "…"
    return "".join(map(_visible, cut))


def _visible(character: str) -> str:
    if character not in _PLAIN and unicodedata.category(character) in _ACTING:
        return character.encode("unicode_escape").decode("ascii")
    return character

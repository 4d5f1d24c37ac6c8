"""Texts from outside, made harmless for a page: what acts instead of showing is written out.

Jinja's autoescape takes care of markup. This takes care of what escaping leaves: controls, and
format characters, bidirectional overrides among them (Unicode 16, table 4-4; UTR 36, section 3.1),
which could show a text in another order than it has. The page's script does the same for what it
shows (`assets/text.js`), out of JSON in which such characters are escapes (`embedded`), so that
none of them stands in the file itself.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

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
    return cut if _harmless(cut) else "".join(map(_visible, cut))


def embedded(value: Any) -> str:
    """Return `value` as JSON for a `script` element: no markup, nothing that acts, any text kept.

    A reader's `JSON.parse` gives back just what was put in, lone surrogates too.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text if _harmless(text) else "".join(map(_json_escape, text))


def _harmless(text: str) -> bool:
    """Return whether nothing acts, cheaply: `str.isprintable` is false of all that does."""
    return text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable()


def _visible(character: str) -> str:
    if character not in _PLAIN and unicodedata.category(character) in _ACTING:
        return character.encode("unicode_escape").decode("ascii")
    return character


def _json_escape(character: str) -> str:
    if unicodedata.category(character) not in _ACTING:
        return character
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"

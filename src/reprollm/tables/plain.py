"""Texts from outside as text: characters that act instead of showing are written as escapes."""

from __future__ import annotations

import unicodedata

# Controls, format characters (bidirectional overrides among them), private use, surrogates, line
# and paragraph separators (Unicode 16, table 4-4).
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_FORMULA = ("=", "+", "-", "@")


def plain(text: str) -> str:
    """Return a text on one line in which every character shows."""
    spaced = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    return "".join(map(_shown, spaced.replace("\t", " ")))


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; numbers stay as they are."""
    shown = plain(text)
    if not shown.startswith(_FORMULA):
        return shown
    number = shown.removeprefix("-").replace(".", "", 1)
    return shown if number.isascii() and number.isdigit() else f"'{shown}"


def _shown(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN:
        return character.encode("unicode_escape").decode("ascii")
    return character

"""By which a licence text is recognised whatever its line breaks, quotes and copyright lines are.

The digest covers the text's words in their order: runs of letters and digits, case folded, without
lines that only name the holder of the copyright (SPDX License List matching guidelines, 5, 6 and
9, ask for much the same). A changed, added or missing word gives another digest.
"""

from __future__ import annotations

import re

from reprollm.canon import digest

MAX_TITLE = 120

_HOLDER = re.compile(r"\W*copyright\s+(\(c\)|©|[\[{<(]?(\d{4}|yyyy|year)\b).{0,100}\Z", re.I)
_WORD = re.compile(r"[^\W_]+")


def words_digest(text: str) -> str:
    """Return the hex digest of a text's words."""
    kept = [line for line in text.splitlines() if not _HOLDER.match(line.strip())]
    words = " ".join(_WORD.findall("\n".join(kept).casefold()))
    return digest("reprollm/licence-words/v1", words.encode("utf-8"))


def title_of(text: str) -> str | None:
    """Return the first line with a word in it, without markup, at most `MAX_TITLE` long."""
    for line in text.splitlines():
        words = _WORD.findall(line)
        if words:
            return " ".join(line.strip(" \t#*=_-\ufeff").split())[:MAX_TITLE]
    return None

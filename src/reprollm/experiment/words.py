"""Names as a refusal shows them: what there is, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name nearest to `word`, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def listed(names: Iterable[str], most: int = 12) -> str:
    """Return at most `most` quoted names, and how many more there are."""
    all_names = list(names)
    shown = ", ".join(repr(name) for name in all_names[:most])
    left = len(all_names) - most
    return f"{shown} and {left} more" if left > 0 else shown

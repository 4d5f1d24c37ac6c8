"""Steps that make texts comparable, as `answer.normalise` of an experiment lists them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence


def _without_punctuation(text: str) -> str:
    return "".join(c for c in text if not unicodedata.category(c).startswith("P"))


STEPS: Mapping[str, Callable[[str], str]] = {
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "casefold": str.casefold,
    "whitespace": lambda text: " ".join(text.split()),
    "punctuation": _without_punctuation,
}


def normalised(text: str, steps: Sequence[str]) -> str:
    """Return a text after steps of `STEPS`, in their order."""
    for step in steps:
        text = STEPS[step](text)
    return text

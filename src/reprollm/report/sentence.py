"""A sentence of the page: a message with its values, or a statement as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reprollm.report.language import Number, Said, Value, short
from reprollm.report.messages import MESSAGES


@dataclass(frozen=True)
class Sentence:
    """A message with its values, or a recorded statement; `mark` says how it is to be seen."""

    key: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    recorded: str = ""
    mark: str = ""


def word(group: str, name: str) -> Value:
    """Return the word for a name that records use, or the name where there is no word."""
    key = f"{group}.{name}"
    return Said(key) if key in MESSAGES else name.replace("_", " ")


def decimal(text: object) -> Value:
    """Return a recorded decimal, shortened; a word where there is none."""
    return Said("undefined") if text is None else Number(short(str(text)))

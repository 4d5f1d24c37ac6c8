"""Measures of one answer against its reference, each an exact fraction.

| name | per item | source |
| --- | --- | --- |
| `exact_match` | 1 where output and reference are the same string, else 0 | Rajpurkar et al. 2016, arXiv:1606.05250, section 5 |
| `character_error_rate` | Levenshtein distance over the reference's length, both in Unicode code points | Morris, Maier and Green 2004, Interspeech, from the word error rate |

Output and reference are compared after white space at both ends is removed, and without any Unicode
normalisation: whoever wants one applies it to the data, where it can be seen. The character error
rate is undefined where the reference is empty, and has no upper bound.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.errors import InvalidInput


@dataclass(frozen=True)
class Ratio:
    """One item's score as numerator over denominator; undefined where the denominator is 0."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """Return the quotient, or None where it is undefined."""
        return self.numerator / self.denominator if self.denominator else None


Measure: TypeAlias = Callable[[str, str], Ratio]


def exact_match(output: str, reference: str) -> Ratio:
    """Return 1/1 where the two texts agree, else 0/1."""
    return Ratio(int(output.strip() == reference.strip()), 1)


def character_error_rate(output: str, reference: str) -> Ratio:
    """Return edits over reference length, both in code points."""
    from rapidfuzz.distance import Levenshtein

    expected = reference.strip()
    return Ratio(Levenshtein.distance(output.strip(), expected), len(expected))


MEASURES: Mapping[str, Measure] = {
    "exact_match": exact_match,
    "character_error_rate": character_error_rate,
}
LOWER_IS_BETTER = frozenset({"character_error_rate"})


def measure(name: str) -> Measure:
    """Return the measure called `name`; raise `InvalidInput` where there is none."""
    if name not in MEASURES:
        raise InvalidInput(f"expected a score among {', '.join(MEASURES)}, found {name!r}")
    return MEASURES[name]

"""Error rates of one row, each an exact fraction of two counts.

| name | fraction |
| --- | --- |
| `source_character_error_rate` | edits from source to reference over the reference's length, in code points |
| `character_error_rate` | the same of the output |
| `character_error_reduction` | edits of the source less those of the output, over those of the source |
| `source_word_error_rate`, `word_error_rate`, `word_error_reduction` | the same in words (`str.split()`) |
| `exact_match` | 1 where output and reference are the same text |

Edits are the Levenshtein distance (1966, Soviet Physics Doklady 10:8). A fraction over 0 has no
value: a rate or reduction without reference, a reduction where the source has no error.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.errors import InvalidInput
from reprollm.evaluation.source import Item
from reprollm.experiment.words import meant

Preparation: TypeAlias = Callable[[str], str]
_Units: TypeAlias = Callable[[str], Sequence[str]]

CER, WER = "character_error_rate", "word_error_rate"
SOURCE_CER, SOURCE_WER = f"source_{CER}", f"source_{WER}"
CER_REDUCTION, WER_REDUCTION = "character_error_reduction", "word_error_reduction"
EXACT = "exact_match"
RATES = (SOURCE_CER, CER, CER_REDUCTION, SOURCE_WER, WER, WER_REDUCTION, EXACT)
NEED_SOURCE = frozenset({SOURCE_CER, CER_REDUCTION, SOURCE_WER, WER_REDUCTION})
BEFORE: Mapping[str, str] = {CER_REDUCTION: SOURCE_CER, WER_REDUCTION: SOURCE_WER}
AFTER: Mapping[str, str] = {CER_REDUCTION: CER, WER_REDUCTION: WER}
HIGHER_IS_BETTER = frozenset({CER_REDUCTION, WER_REDUCTION, EXACT})
SHORT: Mapping[str, str] = {
    "cer": CER,
    "cer_after": CER,
    "cer_before": SOURCE_CER,
    "cer_reduction": CER_REDUCTION,
    "wer": WER,
    "wer_after": WER,
    "wer_before": SOURCE_WER,
    "wer_reduction": WER_REDUCTION,
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A fraction of two counts, as they were counted; without value over 0."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The quotient, rounded once to the nearest float; None over 0."""
        return self.numerator / self.denominator if self.denominator else None

    def __str__(self) -> str:
        """Return `edits/length`, not reduced."""
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True, slots=True)
class Rated:
    """A row with its rates by name; `runaway` where the output is far longer than it could be."""

    item: Item
    ratios: Mapping[str, Ratio]
    runaway: bool
    empty: bool


def full_name(name: str, others: Collection[str] = ()) -> str:
    """Return the name of a rate, which may be given in short, or one of `others`.

    Raises:
        InvalidInput: there is none of this name.
    """
    found = SHORT.get(name, name)
    if found not in RATES and found not in others:
        known = tuple(dict.fromkeys((*RATES, *SHORT, *others)))
        raise InvalidInput(
            f"expected a rate among {', '.join(known)}, found {name!r:.80}{meant(name, known)}"
        )
    return found


def as_they_are(text: str) -> str:
    """Return the text."""
    return text


def rate(item: Item, names: Sequence[str], prepare: Preparation) -> Rated:
    """Return the rates of a row.

    Args:
        item: the row.
        names: of `RATES`; those that need a source only where the row has one.
        prepare: what is done to every text first, such as `str.strip`.
    """
    reference, output = prepare(item.reference), prepare(item.output)
    source = None if item.source is None else prepare(item.source)
    counted = _Counts(reference, output, source)
    return Rated(
        item=item,
        ratios={name: counted.ratio(name) for name in names},
        runaway=is_runaway(output, reference, source),
        empty=not output.strip(),
    )


def is_runaway(output: str, reference: str, source: str | None) -> bool:
    """Return whether an output is more than twice as long as reference and source, and 20 more.

    In code points. Such outputs repeat themselves or add a text of their own; a few of them decide
    a mean of ratios.
    """
    longest = max(len(reference), len(source or ""))
    return len(output) > 2 * longest + 20


def edits(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the Levenshtein distance of two texts, or of two lists of words."""
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(first, second))


class _Counts:
    """The counts of one row, made as they are asked for."""

    def __init__(self, reference: str, output: str, source: str | None) -> None:
        self._reference, self._output, self._source = reference, output, source

    def ratio(self, name: str) -> Ratio:
        if name == EXACT:
            return Ratio(int(self._output == self._reference), 1)
        units: _Units = str.split if name in (WER, SOURCE_WER, WER_REDUCTION) else as_they_are
        if name in (CER, WER):
            return self._rate(self._output, units)
        if self._source is None:
            raise InvalidInput(f"expected a source for {name}, found no column of it")
        before = self._rate(self._source, units)
        if name in (SOURCE_CER, SOURCE_WER):
            return before
        after = self._rate(self._output, units)
        below = before.numerator if before.denominator else 0
        return Ratio(before.numerator - after.numerator, below)

    def _rate(self, text: str, units: _Units) -> Ratio:
        expected = units(self._reference)
        return Ratio(edits(units(text), expected), len(expected))

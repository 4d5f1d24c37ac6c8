"""Which of the declared labels a text is."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.experiment.normalisation import normalised

_SIGNS = frozenset("`$^+=<>|~")


@dataclass(frozen=True)
class Labels:
    """Declared labels.

    Attributes:
        steps: how texts and labels are normalised.
        by_form: each label, by its normal form.
    """

    steps: tuple[str, ...]
    by_form: dict[str, str]

    @classmethod
    def of(cls, labels: Sequence[str], steps: Sequence[str]) -> Labels:
        """Return labels to be found.

        Raises:
            ValueError: two have the same normal form, or one has an empty one.
        """
        by_form: dict[str, str] = {}
        for label in labels:
            form = normalised(label, steps).strip()
            if not form:
                raise ValueError(
                    f"expected labels of which something is left, found {label!r:.80}; leave out "
                    "the step of normalise that takes it away"
                )
            if form in by_form:
                raise ValueError(
                    f"expected labels that stay apart, found {by_form[form]!r:.40} and "
                    f"{label!r:.40}, the same when normalised"
                )
            by_form[form] = label
        return cls(tuple(steps), by_form)

    def find(self, text: str) -> str | None:
        """Return the label that a text is, as it is declared; None if it is none."""
        form = normalised(text, self.steps).strip()
        found = self.by_form.get(form)
        return found if found is not None else self.by_form.get(bare(form))


def bare(text: str) -> str:
    """Return a text without white space, punctuation and signs of markup at its ends."""
    first, last = 0, len(text)
    while first < last and _is_edge(text[first]):
        first += 1
    while last > first and _is_edge(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_edge(character: str) -> bool:
    return (
        character.isspace()
        or character in _SIGNS
        or unicodedata.category(character).startswith("P")
    )

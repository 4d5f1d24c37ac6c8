"""A made-up archive: sentences from seven patterns with slots, over a closed list of words.

No word means anything and no text of any source is used. Two texts with the same patterns differ
only in what fills their slots, drawn evenly: they are equally good variants of one item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

PATTERNS = (
    "In {year} {given} {surname} , {role} at {place} , {verb} the {adjective} {noun} .",
    "The {adjective} {noun} came from {place} and was {verb} by {given} {surname} in {year} .",
    "{given} {surname} of {place} owed {count} {unit} to the {role} {given} {surname} .",
    "For {count} {unit} the {role} of {place} {verb} a {noun} and a {adjective} {noun} .",
    "It is written that in {year} no {noun} at {place} was {adjective} , save that of {surname} .",
    "{given} {surname} , {role} , left his {noun} , his {adjective} {noun} and {count} {unit} .",
    "After the {noun} of {place} had been {verb} , {given} {surname} asked for {count} {unit} .",
)
HALVES = (1, 3, 5, 6)
"""The patterns of the set whose texts are no longer like the others."""
SENTENCES = 2
_ROLES = (
    "abbess",
    "baker",
    "canon",
    "clerk",
    "cooper",
    "dyer",
    "glazier",
    "miller",
    "reeve",
    "ward",
)
_UNITS = ("crowns", "ells", "groats", "marks", "pounds", "quarters")
_ONSETS = tuple("b d f g h k l m n p r s t v w z bl dr fl gr kn st tr".split())
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ei", "ou")
_CODAS = ("", "", "l", "n", "r", "s", "t", "nd", "rt")
_MADE = {"given": 300, "surname": 600, "place": 300, "noun": 300, "adjective": 150, "verb": 120}
_NAMES = ("given", "surname", "place")
_SEED = 7


@dataclass(frozen=True)
class Archive:
    """What may fill each slot, and the patterns that are used."""

    slots: dict[str, tuple[str, ...]]
    patterns: tuple[str, ...] = PATTERNS

    def sentence(self, pattern: str, rng: Random) -> str:
        """Return the pattern with every slot filled by an even draw."""
        return " ".join(
            rng.choice(self.slots[word[1:-1]]) if word.startswith("{") else word
            for word in pattern.split(" ")
        )

    def row(self, rng: Random) -> str:
        """Return one sentence of a pattern drawn evenly."""
        return self.sentence(rng.choice(self.patterns), rng)

    def variants(self, rng: Random, count: int) -> tuple[str, ...]:
        """Return so many texts of two sentences whose patterns are the same, drawn once."""
        patterns = [rng.choice(self.patterns) for _ in range(SENTENCES)]
        return tuple(
            " ".join(self.sentence(pattern, rng) for pattern in patterns) for _ in range(count)
        )

    def item(self, rng: Random) -> str:
        """Return one text of two sentences."""
        return self.variants(rng, 1)[0]

    def words(self) -> tuple[str, ...]:
        """Return every word that a text can hold, each once, in a fixed order."""
        fixed = {word for pattern in PATTERNS for word in pattern.split(" ") if word[0] != "{"}
        listed = [word for words in self.slots.values() for word in words]
        return tuple(dict.fromkeys([*sorted(fixed), *listed]))


@cache
def archive() -> Archive:
    """Return the archive that every model of the benchmark is trained on."""
    rng = Random(_SEED)
    made = iter(_made(rng, sum(_MADE.values())))
    slots = {slot: tuple(next(made) for _ in range(count)) for slot, count in _MADE.items()}
    for slot in _NAMES:
        slots[slot] = tuple(word.capitalize() for word in slots[slot])
    slots |= {"role": _ROLES, "unit": _UNITS}
    slots["year"] = tuple(map(str, range(1400, 1900)))
    slots["count"] = tuple(map(str, range(2, 100)))
    return Archive(slots)


def other_patterns() -> Archive:
    """Return an archive of the same words in which only some of the patterns are used."""
    return Archive(archive().slots, tuple(PATTERNS[at] for at in HALVES))


def half_the_names() -> Archive:
    """Return an archive of all patterns that knows every other name of persons only."""
    known = dict(archive().slots)
    for slot in ("given", "surname"):
        known[slot] = known[slot][::2]
    return Archive(known)


def _made(rng: Random, count: int) -> Sequence[str]:
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = [
            rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((2, 2, 3)))
        ]
        words["".join(syllables) + rng.choice(_CODAS)] = None
    return tuple(words)

"""Respells a modern sentence: the order, the chances and the families of the rules.

A rule acts on a word or on the sentence's capitals and commas. Where a rule would change a word,
it does so with its own probability, anew at each occurrence: one sentence may hold vnd and vnnd.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from earlygerman import consonant_rules, nouns, vowel_rules, word_rules

COMMON = "common"
KEPT_CAPITALS = frozenset(nouns.NAMES + nouns.TOWNS)


@dataclass(frozen=True)
class Rule:
    """A word rule, the family that strata name, and its probability at each occurrence."""

    rewrite: Callable[[str], str]
    family: str
    probability: float

    @property
    def name(self) -> str:
        """The rule's name in `data/rules.csv`."""
        return self.rewrite.__name__


RULES = (
    Rule(word_rules.full_ending, "words", 0.5),
    Rule(word_rules.dass, "words", 0.4),
    Rule(word_rules.lexical_variant, "words", 0.4),
    Rule(word_rules.mb, "nasals", 0.5),
    Rule(word_rules.doubled_nasal, "nasals", 0.3),
    Rule(word_rules.th, "th", 0.6),
    Rule(consonant_rules.ck, "consonants", 0.6),
    Rule(consonant_rules.tz, "consonants", 0.6),
    Rule(consonant_rules.ff, "consonants", 0.6),
    Rule(consonant_rules.dt, "dt", 0.5),
    Rule(consonant_rules.mpt, "nasals", 0.6),
    Rule(vowel_rules.ey, COMMON, 0.5),
    Rule(vowel_rules.w_for_u, "w-for-u", 0.5),
    Rule(vowel_rules.i_for_ie, "quantity", 0.3),
    Rule(consonant_rules.j_for_i, "i-j", 0.6),
    Rule(vowel_rules.silent_h, "quantity", 0.35),
    Rule(vowel_rules.eu_for_aeu, "umlaut", 0.6),
    Rule(vowel_rules.e_for_ae, "umlaut", 0.4),
    Rule(vowel_rules.unmarked_umlaut, "umlaut", 0.15),
    Rule(vowel_rules.superscript_e, "umlaut", 0.8),
    Rule(consonant_rules.initial_v, "u-v", 0.85),
    Rule(consonant_rules.inner_u, "u-v", 0.6),
    Rule(consonant_rules.sharp_s, "sharp-s", 0.8),
    Rule(consonant_rules.long_s, COMMON, 0.9),
)

SMALL_NOUN_PROBABILITY = 0.4
VIRGULE_PROBABILITY = 0.7


@dataclass(frozen=True)
class Spelling:
    """An old spelling and the names of the rules that made it, each once, in order of the rules."""

    text: str
    rules: tuple[str, ...]


@cache
def _next_change(word: str, first: int) -> tuple[int, str]:
    """Return the first rule from a position on that changes a word, and the changed word.

    Words recur, so the answers are kept. The position is `len(RULES)` where no rule is left.
    """
    for position in range(first, len(RULES)):
        old = RULES[position].rewrite(word)
        if old != word:
            return position, old
    return len(RULES), word


def small_noun(word: str) -> str:
    """Write a noun small; the caller leaves out sentence beginnings, names of persons and towns.

    >>> small_noun("König"), small_noun("Hans"), small_noun("gut")
    ('könig', 'Hans', 'gut')
    """
    return word if word in KEPT_CAPITALS else word[0].lower() + word[1:]


def virgule(sentence: str) -> str:
    """Set the slash of the old prints for every comma, with a space before it.

    >>> virgule("Er kam, sah und siegte.")
    'Er kam / sah und siegte.'
    """
    return sentence.replace(",", " /")


def respell(sentence: str, rng: Random) -> Spelling:
    """Draw an old spelling of a sentence whose words are parted by single spaces."""
    applied: set[str] = set()
    words = []
    for position, token in enumerate(sentence.split(" ")):
        word = token.rstrip(",.")
        mark = token[len(word) :]
        if position and word != small_noun(word) and rng.random() < SMALL_NOUN_PROBABILITY:
            word = small_noun(word)
            applied.add(small_noun.__name__)
        at, old = _next_change(word, 0)
        while at < len(RULES):
            if rng.random() < RULES[at].probability:
                word = old
                applied.add(RULES[at].name)
            at, old = _next_change(word, at + 1)
        words.append(word + mark)
    text = " ".join(words)
    if "," in text and rng.random() < VIRGULE_PROBABILITY:
        text = virgule(text)
        applied.add(virgule.__name__)
    return Spelling(text, tuple(name for name in RULE_FAMILY if name in applied))


RULE_FAMILY = {
    small_noun.__name__: COMMON,
    **{rule.name: rule.family for rule in RULES},
    virgule.__name__: COMMON,
}

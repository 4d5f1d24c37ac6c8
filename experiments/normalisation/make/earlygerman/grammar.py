"""Random grammatical sentences of modern German, in the manner of chronicle and tale.

`sentence` draws one of the patterns in `PATTERNS`; every choice comes from the generator passed
in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from earlygerman import nouns, verbs, words
from earlygerman.inflection import AUXILIARIES, determiner_form, finite, with_preposition
from earlygerman.phrases import counted_phrase, person, phrase, predicate, subject


@dataclass(frozen=True)
class Sentence:
    """A sentence and the name of the pattern that made it."""

    text: str
    pattern: str


def main_clause(rng: Random, front: str = "") -> str:
    """Return a verb-second clause; with a front field the subject follows a verb of the past."""
    who, number = subject(rng)
    verb, middle = predicate(rng)
    form = rng.random() * (0.7 if front else 1.0)
    if form < 0.5:
        head, tail = finite(verb, "preterite", number), ""
    elif form < 0.7:
        head, tail = AUXILIARIES[verb.auxiliary][number], verb.participle
    elif form < 0.85:
        head, tail = finite(verb, "present", number), ""
    else:
        head, tail = finite(rng.choice(verbs.MODALS), "present", number), verb.infinitive
    order = (front, head, who, middle, tail) if front else (who, head, middle, tail)
    return " ".join(part for part in order if part)


def subordinate_clause(rng: Random, conjunction: str) -> str:
    """Return a verb-final clause in the preterite."""
    who, number = subject(rng)
    verb, middle = predicate(rng)
    return f"{conjunction} {who} {middle} {finite(verb, 'preterite', number)}"


def _plain(rng: Random) -> str:
    return main_clause(rng)


def _fronted(rng: Random) -> str:
    return main_clause(rng, rng.choice(words.TIMES))


def _dated(rng: Random) -> str:
    return main_clause(rng, f"im Jahre {rng.randrange(1450, 1650)}")


def _joined(rng: Random) -> str:
    link = rng.choice((" und", ", aber", ", denn", " und darum"))
    second = main_clause(rng, "darum" if link.endswith("darum") else "")
    return f"{main_clause(rng)}{link} {second.removeprefix('darum ')}"


def _reported(rng: Random) -> str:
    who, number = subject(rng)
    said = finite(rng.choice(verbs.SAYING), "preterite", number)
    return f"{who} {said}, {subordinate_clause(rng, 'dass')}"


def _speech(rng: Random) -> str:
    who, number = subject(rng)
    listener = with_preposition("zu", person(rng, "d"), contracted=rng.random() < 0.5)
    spoke = "sprach" if number == "s" else "sprachen"
    return f"da {spoke} {who} {listener}, {subordinate_clause(rng, 'dass')}"


def _when(rng: Random) -> str:
    first = subordinate_clause(rng, rng.choice(("als", "wenn", "weil", "nachdem", "bevor")))
    return f"{first}, {main_clause(rng, '-').removeprefix('- ')}"


def _passive(rng: Random) -> str:
    noun = rng.choice(nouns.THINGS)
    what, number, _ = counted_phrase(rng, noun, words.OF_THINGS, "n")
    agent = with_preposition(
        "von", phrase(rng, nouns.PERSONS, words.OF_PERSONS, "d"), contracted=rng.random() < 0.5
    )
    was = "wurde" if number == "s" else "wurden"
    return f"{what} {was} {agent} {rng.choice(verbs.WITH_THING).participle}"


def _described(rng: Random) -> str:
    who, number, _ = counted_phrase(rng, rng.choice(nouns.PERSONS), words.OF_PERSONS, "n")
    copula = rng.choice((("war", "waren"), ("ist", "sind")))[number == "p"]
    one, two = rng.sample(words.OF_PERSONS, 2)
    return f"{who} {copula} {one.predicative} und {two.predicative}"


def _relative(rng: Random) -> str:
    who, number, declension = counted_phrase(rng, rng.choice(nouns.PERSONS), words.OF_PERSONS, "n")
    pronoun = determiner_form("der", declension, "n")
    verb, middle = predicate(rng)
    last = rng.choice(verbs.ALONE + verbs.MOTION)
    end = f"{AUXILIARIES[last.auxiliary][number]} {last.participle}"
    return f"{who}, {pronoun} {middle} {finite(verb, 'preterite', number)}, {end}"


PATTERNS: tuple[tuple[Callable[[Random], str], int], ...] = (
    (_plain, 6),
    (_fronted, 5),
    (_dated, 2),
    (_joined, 3),
    (_reported, 3),
    (_speech, 2),
    (_when, 2),
    (_passive, 3),
    (_described, 3),
    (_relative, 2),
)


def sentence(rng: Random) -> Sentence:
    """Return one sentence with an initial capital and a full stop."""
    patterns, weights = zip(*PATTERNS, strict=True)
    pattern = rng.choices(patterns, weights=weights)[0]
    text: str = pattern(rng)
    return Sentence(f"{text[0].upper()}{text[1:]}.", pattern.__name__.removeprefix("_"))

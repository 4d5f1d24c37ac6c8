"""Random phrases of modern German: subjects, objects, places and predicates.

Every choice comes from the generator passed in. Subjects are in the third person, or ``wir``,
whose verb forms are those of the third person plural.
"""

from collections.abc import Sequence
from random import Random

from earlygerman import nouns, verbs, words
from earlygerman.inflection import (
    adjective_form,
    determiner_form,
    noun_form,
    with_preposition,
)
from earlygerman.nouns import Noun
from earlygerman.words import Adjective

DETERMINERS = ("der",) * 5 + ("ein",) * 3 + ("sein", "ihr", "unser", "dies", "kein")
POSSESSORS = ("der", "der", "unser", "sein", "dies")
INDIRECT = ("ihm", "ihr", "ihnen")
DIRECT = ("ihn", "sie", "es")


def phrase(rng: Random, pool: Sequence[Noun], adjectives: Sequence[Adjective], case: str) -> str:
    """Return a noun phrase in a case, singular or plural."""
    return counted_phrase(rng, rng.choice(pool), adjectives, case)[0]


def counted_phrase(
    rng: Random, noun: Noun, adjectives: Sequence[Adjective], case: str
) -> tuple[str, str, str]:
    """Return the phrase, its number (s or p) and its declension."""
    plural = bool(noun.plural) and rng.random() < 0.25
    declension = "p" if plural else noun.gender
    parts = []
    determiner = rng.choice(POSSESSORS if case == "g" else DETERMINERS)
    if plural and determiner == "ein":
        determiner = ""
        parts.append(rng.choice(words.NUMERALS))
    else:
        parts.append(determiner_form(determiner, declension, case))
    if adjectives and rng.random() < 0.3:
        parts.append(adjective_form(rng.choice(adjectives), determiner, declension, case))
    parts.append(noun_form(noun, declension, case))
    return " ".join(parts), "p" if plural else "s", declension


def subject(rng: Random) -> tuple[str, str]:
    """Return a third-person subject and its number."""
    kind = rng.random()
    if kind < 0.22:
        return rng.choice((("er", "s"), ("sie", "s"), ("sie", "p"), ("wir", "p")))
    if kind < 0.3:
        return rng.choice(nouns.NAMES), "s"
    text, number, _ = counted_phrase(rng, rng.choice(nouns.PERSONS), words.OF_PERSONS, "n")
    return text, number


def place(rng: Random, case: str) -> str:
    """Return a prepositional phrase: where in the dative, whither in the accusative."""
    if rng.random() < 0.15:
        return f"{'in' if case == 'd' else 'nach'} {rng.choice(nouns.TOWNS)}"
    preposition = rng.choices(tuple(nouns.PLACES), weights=(12, 8, 4, 2))[0]
    text = phrase(rng, nouns.PLACES[preposition], words.OF_PLACES, case)
    return with_preposition(preposition, text, contracted=rng.random() < 0.5)


def person(rng: Random, case: str) -> str:
    """Return a person as an object, sometimes a pronoun or a name."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(INDIRECT if case == "d" else DIRECT)
    if kind < 0.35:
        return rng.choice(nouns.NAMES)
    return phrase(rng, nouns.PERSONS, words.OF_PERSONS, case)


def thing(rng: Random) -> str:
    """Return a thing in the accusative, sometimes with its owner in the genitive."""
    text = phrase(rng, nouns.THINGS, words.OF_THINGS, "a")
    if rng.random() < 0.15:
        return f"{text} {phrase(rng, nouns.PERSONS, (), 'g')}"
    return text


def predicate(rng: Random) -> tuple[verbs.Verb, str]:
    """Return a verb and what stands between its finite and its infinite form."""
    kind = rng.randrange(8)
    if kind < 2:
        return rng.choice(verbs.WITH_THING), thing(rng)
    if kind == 2:
        return rng.choice(verbs.WITH_PERSON), person(rng, "a")
    if kind == 3:
        idea = phrase(rng, nouns.IDEAS, words.OF_IDEAS, "a")
        return rng.choice(verbs.WITH_IDEA), idea
    if kind == 4:
        return rng.choice(verbs.GIVING), f"{person(rng, 'd')} {thing(rng)}"
    if kind == 5:
        return rng.choice(verbs.WITH_DATIVE), person(rng, "d")
    if kind == 6:
        where = place(rng, "d") if rng.random() < 0.6 else rng.choice(words.MANNERS)
        return rng.choice(verbs.ALONE), where
    return rng.choice(verbs.MOTION), place(rng, "a")

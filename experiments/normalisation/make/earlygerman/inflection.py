"""Inflected forms: noun phrases in four cases and finite verbs in the third person.

Cases are the letters n, g, d, a (nominative, genitive, dative, accusative). A phrase's declension
is a gender letter, or p for any plural. The tables are those of contemporary standard German.
"""

from earlygerman.nouns import Noun
from earlygerman.verbs import Verb
from earlygerman.words import Adjective

CASES = "ngda"

DEFINITE = {
    "m": ("der", "des", "dem", "den"),
    "f": ("die", "der", "der", "die"),
    "n": ("das", "des", "dem", "das"),
    "p": ("die", "der", "den", "die"),
}

STRONG = {
    "m": ("er", "es", "em", "en"),
    "f": ("e", "er", "er", "e"),
    "n": ("es", "es", "em", "es"),
    "p": ("e", "er", "en", "e"),
}

EIN_LIKE = {**STRONG, "m": ("", "es", "em", "en"), "n": ("", "es", "em", "")}

WEAK = {
    "m": ("e", "en", "en", "en"),
    "f": ("e", "en", "en", "e"),
    "n": ("e", "en", "en", "e"),
    "p": ("en", "en", "en", "en"),
}

MIXED = {**WEAK, "m": ("er", "en", "en", "en"), "n": ("es", "en", "en", "es")}

CONTRACTIONS = {
    ("in", "dem"): "im",
    ("an", "dem"): "am",
    ("zu", "dem"): "zum",
    ("zu", "der"): "zur",
    ("von", "dem"): "vom",
    ("bei", "dem"): "beim",
}


def noun_form(noun: Noun, declension: str, case: str) -> str:
    """Return the noun in a case.

    >>> bote, bruder = Noun("Bote", "m", "Boten", "Boten"), Noun("Bruder", "m", "Bruders", "Brüder")
    >>> noun_form(bote, "m", "d"), noun_form(bruder, "m", "d"), noun_form(bruder, "p", "d")
    ('Boten', 'Bruder', 'Brüdern')
    """
    if declension == "p":
        return noun.plural + "n" if case == "d" and noun.plural[-1] not in "ns" else noun.plural
    weak = noun.gender == "m" and not noun.genitive.endswith("s")
    if case == "g" or (weak and case != "n"):
        return noun.genitive
    return noun.singular


def determiner_form(determiner: str, declension: str, case: str) -> str:
    """Return ``der``, ``dies`` or a word declined like ``ein`` (ein, kein, sein) in a case.

    >>> determiner_form("der", "f", "d"), determiner_form("dies", "n", "n")
    ('der', 'dieses')
    >>> determiner_form("unser", "m", "a")
    'unseren'
    """
    column = CASES.index(case)
    if determiner == "der":
        return DEFINITE[declension][column]
    table = STRONG if determiner == "dies" else EIN_LIKE
    return determiner + table[declension][column]


def adjective_form(adjective: Adjective, determiner: str, declension: str, case: str) -> str:
    """Return the attributive adjective after a determiner, or after none (``""``).

    >>> good = Adjective("gut", "gut")
    >>> [adjective_form(good, word, "n", "a") for word in ("der", "ein", "")]
    ['gute', 'gutes', 'gutes']
    """
    if determiner in ("der", "dies"):
        endings = WEAK
    elif determiner:
        endings = MIXED
    else:
        endings = STRONG
    return adjective.stem + endings[declension][CASES.index(case)]


def with_preposition(preposition: str, phrase: str, contracted: bool) -> str:
    """Join a preposition and a phrase, as one word with its article where German allows it.

    >>> with_preposition("in", "dem alten Haus", contracted=True)
    'im alten Haus'
    """
    first, _, rest = phrase.partition(" ")
    if contracted and (preposition, first) in CONTRACTIONS:
        return f"{CONTRACTIONS[preposition, first]} {rest}"
    return f"{preposition} {phrase}"


def finite(verb: Verb, tense: str, number: str) -> str:
    """Return the third person; tense is ``present`` or ``preterite``, number ``s`` or ``p``.

    >>> sehen = Verb("sehen", "sieht", "sah", "gesehen", "haben")
    >>> finite(sehen, "preterite", "p"), finite(sehen, "present", "p")
    ('sahen', 'sehen')
    """
    if tense == "present":
        return verb.present if number == "s" else verb.infinitive
    if number == "s":
        return verb.preterite
    return verb.preterite + ("n" if verb.preterite.endswith("e") else "en")


AUXILIARIES = {"haben": {"s": "hat", "p": "haben"}, "sein": {"s": "ist", "p": "sind"}}

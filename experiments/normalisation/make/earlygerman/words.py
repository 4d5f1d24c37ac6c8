"""Adjectives, adverbs and numerals of the lexicon.

Adjectives are stored as ``predicative:stem`` where the inflected stem differs from the form after
the copula (``hoch:hoh``, ``edel:edl``).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Adjective:
    """An adjective's form after the copula and the stem that takes endings."""

    predicative: str
    stem: str


def _table(text: str) -> tuple[Adjective, ...]:
    parts = (word.partition(":") for word in text.split())
    return tuple(Adjective(plain, stem or plain) for plain, _, stem in parts)


OF_PERSONS = _table(
    "gut alt jung arm reich fromm böse:bös weise:weis schön stark schwach krank gesund stolz klug "
    "ehrlich tapfer treu edel:edl heilig müde:müd blind fleißig höflich gerecht selig barmherzig "
    "unverzagt unschuldig zornig freundlich betrübt traurig fröhlich mächtig elend geduldig"
)

OF_THINGS = _table(
    "gut alt neu groß klein schön schwer leicht kurz lang schwarz weiß rot grün blau grau breit "
    "leer teuer:teur golden silbern heilig kostbar fein hart rein wunderlich köstlich hübsch "
    "unnütz stark schlecht recht"
)

OF_IDEAS = _table(
    "groß wahr ewig recht bitter hart ganz falsch rein alt neu schwer göttlich ehrlich"
)

OF_PLACES = _table(
    "alt neu groß klein schön hoch:hoh tief leer fremd still dunkel:dunkl kalt breit fern"
)

TIMES = (
    "heute", "gestern", "oft", "endlich", "zuvor", "danach", "darauf", "wieder", "niemals", "bald",
    "jetzt", "nun", "am Abend", "am Morgen", "in der Nacht", "im Winter", "im Sommer", "zu Ostern",
    "um Mitternacht", "am dritten Tag", "nach vielen Jahren", "vor drei Jahren", "an diesem Tag",
    "im selben Jahr", "um diese Zeit", "in jenen Tagen", "vor der Ernte", "nach dem Krieg",
)  # fmt: skip

MANNERS = (
    "nicht", "allein", "mit Freuden", "ohne Furcht", "mit großem Mut", "ohne Ursache",
    "in aller Stille", "mit Fleiß", "aus Liebe", "aus Not", "um Gottes willen", "wider Willen",
    "mit Gewalt", "ohne Sorge", "mit gutem Rat",
)  # fmt: skip

NUMERALS = (
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "zwölf", "zwanzig",
    "dreißig", "hundert", "tausend",
)  # fmt: skip

"""Spelling rules that hold for particular words or stems of Early New High German.

Each rule is a function from a modern word (or one that earlier rules have respelt) to its old
spelling; where the rule does not apply it returns the word unchanged. The rules describe, in our
own words, habits that any reader of German prints of the sixteenth and seventeenth centuries
meets; they are a teaching model of that variation, not a description of one printer or region.
"""

import re

from earlygerman import verbs

VARIANTS = {
    "nicht": "nit",
    "unter": "vnder",
    "hinter": "hinder",
    "kaiser": "keiser",
    "kaisers": "keisers",
    "tausend": "tauſent",
    "nun": "nu",
    "jetzt": "itzt",
    "sind": "ſeind",
    "wurde": "ward",
    "wenn": "wann",
    "darauf": "drauff",
    "ohne": "on",
    "hatte": "hett",
    "reiter": "reuter",
    "brücke": "bruck",
    "mönch": "münch",
    "mönche": "münche",
    "sohn": "son",
    "schwert": "ſchwerdt",
}

DOUBLED_NASAL = {"und": "unnd", "von": "vonn", "in": "inn", "an": "ann", "um": "umm", "uns": "unns"}

MB = {"um": "umb", "darum": "darumb", "warum": "warumb"}

INITIAL_TH = re.compile(r"^t(?=ür|or$|ore|urm|ürm|al|äl|eil|ier|un|at|eue?r|on$)", re.IGNORECASE)
FINAL_TH = re.compile(r"^(rat|not|nöt|rot|mut|wirt|armut)(?=e|en|er|es|em|s|$)", re.IGNORECASE)

PRESENT_IN_T = frozenset(
    verb.present for verb in verbs.ALL if verb.present == verb.infinitive.removesuffix("en") + "t"
)


def recase(old: str, like: str) -> str:
    """Give `old` an initial capital if `like` has one."""
    return old[0].upper() + old[1:] if like[0].isupper() else old


def lexical_variant(word: str) -> str:
    """Replace a word by an old form that no letter rule explains.

    A closed list: older consonants (vnder, hinder), diphthongs (Keiser, Reuter), stems (Münch,
    bruck) and the preterite ward for wurde.

    >>> lexical_variant("nicht"), lexical_variant("Unter"), lexical_variant("wurden")
    ('nit', 'Vnder', 'wurden')
    """
    old = VARIANTS.get(word.lower())
    return recase(old, word) if old else word


def dass(word: str) -> str:
    """Write the conjunction dass as das, like the article.

    The distinction by spelling settled late, so the reader must tell the two by syntax.

    >>> dass("dass"), dass("das")
    ('das', 'das')
    """
    return "das" if word == "dass" else word


def doubled_nasal(word: str) -> str:
    """Double the nasal of six short words, where it marks nothing.

    Compounds and inflected forms keep the single letter.

    >>> doubled_nasal("und"), doubled_nasal("unser")
    ('unnd', 'unser')
    """
    old = DOUBLED_NASAL.get(word.lower())
    return recase(old, word) if old else word


def mb(word: str) -> str:
    """Keep the b that um and its compounds had lost in speech.

    >>> mb("darum"), mb("warm")
    ('darumb', 'warm')
    """
    old = MB.get(word.lower())
    return recase(old, word) if old else word


def th(word: str) -> str:
    """Write th for t in a closed list of native stems.

    At the start of Tür, Tor, Turm, Tal, Teil, Tier, tun, Tat, teuer and Ton, at the end of Rat,
    Not, rot, Mut and Wirt. Other words in t are untouched, as is Rathaus, which ends its stem
    inside a compound.

    >>> th("Teil"), th("roten"), th("Tisch"), th("Mutter"), th("Rathaus")
    ('Theil', 'rothen', 'Tisch', 'Mutter', 'Rathaus')
    """
    return FINAL_TH.sub(r"\1h", INITIAL_TH.sub(lambda match: match[0] + "h", word))


def full_ending(word: str) -> str:
    """Keep the vowel of the ending -et in the third person singular present.

    Only of verbs whose present is the bare stem and t; those that change the stem vowel, and those
    that already end in -et, are left.

    >>> full_ending("sagt"), full_ending("sieht"), full_ending("wartet")
    ('saget', 'sieht', 'wartet')
    """
    return word[:-1] + "et" if word in PRESENT_IN_T else word

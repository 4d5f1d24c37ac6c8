"""Spelling rules for vowels that follow from a word's letters alone.

The conventions are those of `word_rules`. Superscript e is the combining letter U+0364 after its
vowel.
"""

import re

STEADY_IE = re.compile("(?:[ld]ieb|flieg|krieg)", re.IGNORECASE)
SUPERSCRIPT = {"ä": "a\u0364", "ö": "o\u0364", "ü": "u\u0364", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def ey(word: str) -> str:
    """Write ey for ei.

    >>> ey("sein"), ey("bei"), ey("viel")
    ('seyn', 'bey', 'viel')
    """
    return word.replace("ei", "ey").replace("Ei", "Ey")


def w_for_u(word: str) -> str:
    """Write w for the second letter of au and eu before e and at the word's end.

    >>> w_for_u("Frau"), w_for_u("Bauern"), w_for_u("Haus")
    ('Fraw', 'Bawern', 'Haus')
    """
    return re.sub(r"(?<=[aeAE])u(?=e|$)", "w", word)


def eu_for_aeu(word: str) -> str:
    """Write eu for äu.

    >>> eu_for_aeu("Häuser"), eu_for_aeu("Haus")
    ('Heuser', 'Haus')
    """
    return word.replace("äu", "eu")


def e_for_ae(word: str) -> str:
    """Write e for ä, except in äu and at the start of a word.

    >>> e_for_ae("Männer"), e_for_ae("Bäume"), e_for_ae("Äbte")
    ('Menner', 'Bäume', 'Äbte')
    """
    return re.sub("ä(?!u)", "e", word)


def superscript_e(word: str) -> str:
    """Write an umlaut as its vowel with a superscript e; capitals take a following e.

    >>> superscript_e("schön"), superscript_e("Öl"), superscript_e("gut")
    ('schoͤn', 'Oel', 'gut')
    """
    return "".join(SUPERSCRIPT.get(letter, letter) for letter in word)


def unmarked_umlaut(word: str) -> str:
    """Leave the umlaut of o and u unmarked, as southern prints often did; ä keeps its mark.

    >>> unmarked_umlaut("König"), unmarked_umlaut("Männer")
    ('Konig', 'Männer')
    """
    return word.translate(str.maketrans("öü", "ou"))


def silent_h(word: str) -> str:
    """Leave out the h that marks a long vowel before l, m, n or r.

    Not between vowels, where h was once sounded.

    >>> silent_h("Jahr"), silent_h("nehmen"), silent_h("sehen")
    ('Jar', 'nemen', 'sehen')
    """
    return re.sub(r"(?<=[aeioujäöü])h(?=[lmnr])", "", word)


def i_for_ie(word: str) -> str:
    """Write i for ie before b, d, g, l, s and a vowel, and before final l.

    Not in the stems lieb-, dieb-, flieg- and krieg-, nor in final ie.

    >>> i_for_ie("wieder"), i_for_ie("dieser"), i_for_ie("viel"), i_for_ie("liebe"), i_for_ie("sie")
    ('wider', 'diser', 'vil', 'liebe', 'sie')
    """
    if STEADY_IE.search(word):
        return word
    return re.sub(r"ie(?=[bdgls][aeiou]|l$)", "i", word)

"""Spelling rules for consonants that follow from a word's letters alone.

The conventions are those of `word_rules`: a rule returns the word unchanged where it does not
apply, and sees it after the rules before it in `spelling.RULES`, so that v stands for u only once
und has become unnd.
"""

import re

PREFIX = re.compile(r"^(?:ge|be|ver|zer|er|ent|un|auf)(?=[fkz])", re.IGNORECASE)


def _after_prefix(pattern: str, replacement: str, word: str) -> str:
    """Substitute in a word, except for a stem's first consonant behind a prefix."""
    prefix = PREFIX.match(word)
    start = prefix.end() + 1 if prefix else 0
    return word[:start] + re.sub(pattern, replacement, word[start:])


def ck(word: str) -> str:
    """Write ck for k after l, n and r.

    Not where k opens the stem behind a prefix.

    >>> ck("Volk"), ck("trinken"), ck("verkaufte"), ck("Buch")
    ('Volck', 'trincken', 'verkaufte', 'Buch')
    """
    return _after_prefix(r"(?<=[lnr])k", "ck", word)


def tz(word: str) -> str:
    """Write tz for z after l, n and r.

    Not where z opens the stem behind a prefix.

    >>> tz("ganz"), tz("Herzog"), tz("erzählte"), tz("zehn")
    ('gantz', 'Hertzog', 'erzählte', 'zehn')
    """
    return _after_prefix(r"(?<=[lnr])z", "tz", word)


def ff(word: str) -> str:
    """Double f after a vowel or l, n, r, before a vowel, t or the word's end.

    Not where f opens the stem behind a prefix, and not in pf.

    >>> ff("auf"), ff("helfen"), ff("gefunden"), ff("Apfel")
    ('auff', 'helffen', 'gefunden', 'Apfel')
    """
    return _after_prefix(r"(?<=[aeiouäöülnr])f(?=[aeiot]|$)", "ff", word)


def dt(word: str) -> str:
    """Write dt for a final d.

    Not in und, which doubles its nasal instead, nor in tausend.

    >>> dt("Land"), dt("ward"), dt("und"), dt("Landes")
    ('Landt', 'wardt', 'und', 'Landes')
    """
    if word.endswith("d") and word.lower() not in ("und", "unnd", "tausend"):
        return word + "t"
    return word


def mpt(word: str) -> str:
    """Write the glide p between m and final t.

    >>> mpt("kommt"), mpt("nimmt"), mpt("Hemd")
    ('kompt', 'nimpt', 'Hemd')
    """
    return re.sub(r"mm?t$", "mpt", word)


def j_for_i(word: str) -> str:
    """Write j for initial i before h, and J for every initial capital I.

    The capitals were one letter, so that Im and Ihm may meet in Jm.

    >>> j_for_i("ihm"), j_for_i("Im"), j_for_i("in")
    ('jhm', 'Jm', 'in')
    """
    if word.startswith("I") or word.startswith("ih"):
        return ("J" if word[0] == "I" else "j") + word[1:]
    return word


def initial_v(word: str) -> str:
    """Write v for u and for ü at the start of a word: a matter of place, not of sound.

    >>> initial_v("und"), initial_v("Über"), initial_v("uͤber"), initial_v("gut")
    ('vnd', 'Vber', 'vber', 'gut')
    """
    return re.sub("^[uü]\u0364?", "v", re.sub("^(?:Ue|[UÜ])", "V", word))


def inner_u(word: str) -> str:
    """Write u for v inside a word, the other half of that rule.

    >>> inner_u("zuvor"), inner_u("Frevel"), inner_u("von")
    ('zuuor', 'Freuel', 'von')
    """
    return word[0] + word[1:].replace("v", "u")


def sharp_s(word: str) -> str:
    """Write ß as ſſ between vowels and as ſz elsewhere, and modern final ss as ß.

    >>> sharp_s("große"), sharp_s("groß"), sharp_s("muss"), sharp_s("dass"), sharp_s("müssen")
    ('groſſe', 'groſz', 'muß', 'daß', 'müssen')
    """
    if "ß" in word:
        return re.sub(r"ß(?=[aeiou])", "ſſ", word).replace("ß", "ſz")
    return re.sub(r"ss$", "ß", word)


def long_s(word: str) -> str:
    """Write ſ for small s except at the word's end; a compound's seam is not looked for.

    >>> long_s("ist"), long_s("das"), long_s("müssen"), long_s("Stein")
    ('iſt', 'das', 'müſſen', 'Stein')
    """
    return re.sub(r"s(?!$)", "ſ", word)

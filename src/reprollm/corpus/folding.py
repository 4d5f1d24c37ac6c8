"""The table `robust`: letters without case, marks and typographic variants; all else separates.

Each code point is decomposed (NFKD), case-folded and decomposed again (Unicode 3.13, D145 and
D147); non-spacing and enclosing marks are dropped, so that composed and decomposed text agree.
Long s and Latin ligatures become plain letters. Punctuation, symbols and white space separate: a
dash between two words does not glue them, as deleting it would. Format characters (soft hyphen,
joiners) and controls are ignored. In scripts written without spaces each letter is a token.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reprollm.corpus.table import (
    CODE_POINTS,
    SEPARATOR,
    SINGLE,
    Rewriting,
    Table,
    TableBuilder,
    TableTokenization,
)

# What NFKD leaves whole, though it is a typographic variant of plain letters.
_VARIANTS = {"æ": "ae", "œ": "oe", "\ua75b": "r", "\ua729": "tz"}
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc"})
# Thai to Myanmar, Khmer, kana, Han with its extensions: no spaces between words.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0x20000, 0x3FFFF),
)
# Blocks in which every code point is a Han letter by itself, and their compatibility forms.
_HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2F7FF), (0x30000, 0x3FFFF))
_PRIVATE = (0xE000, 0xF8FF)
_SURROGATES = range(0xD800, 0xE000)
# Diaeresis, and the small e above that older prints set instead.
_UMLAUT_MARKS = "\u0308\u0364"
# Hyphen-minus, hyphen, soft hyphen, double oblique hyphen, not sign (as transcriptions use it).
_HYPHENS = "\\-\u2010\u00ad\u2e17\u00ac"


@dataclass(frozen=True)
class Folding:
    """Options of `robust`, each a recorded parameter.

    Attributes:
        u_v: v counts as u.
        i_j: j counts as i.
        umlauts: ä, ö, ü count as ae, oe, ue; without it they count as a, o, u.
        hyphens: a word broken by a hyphen at a line's end is joined where the next line goes on
            with a small letter.
    """

    u_v: bool = False
    i_j: bool = False
    umlauts: bool = False
    hyphens: bool = False

    def parameters(self) -> dict[str, str]:
        """Return the options as they are recorded."""
        said = {True: "yes", False: "no"}
        return {
            "tokens": "robust",
            "unicode": unicodedata.unidata_version,
            "u_v": said[self.u_v],
            "i_j": said[self.i_j],
            "umlauts": said[self.umlauts],
            "hyphens": said[self.hyphens],
        }


@lru_cache(maxsize=8)
def robust(folding: Folding | None = None) -> TableTokenization:
    """Return the tokenization `robust` with its options."""
    folding = folding or Folding()
    rewritings = []
    if folding.hyphens:
        after = r"(?<=[^\W\d_]|[\u0300-\u036f])"
        pattern = re.compile(rf"{after}[{_HYPHENS}][ \t]*\r?\n[ \t]*(?=([^\W\d_]))")
        rewritings.append(Rewriting(pattern, _joined, _joined_bytes))
    if folding.umlauts:
        pattern = re.compile(f"(?<=[aouAOU])[{_UMLAUT_MARKS}]")
        rewritings.append(Rewriting(pattern, lambda mark: "e", lambda mark: "e\0"))
    return TableTokenization("robust", folding.parameters(), _folded(folding), tuple(rewritings))


def _joined(broken: re.Match[str]) -> str:
    return "\0" * len(broken[0]) if broken[1].islower() else broken[0]


def _joined_bytes(broken: re.Match[str]) -> str:
    return "\0" * len(broken[0].encode()) if broken[1].islower() else broken[0]


def _folded(folding: Folding) -> Table:
    builder = TableBuilder(np.full(CODE_POINTS, SEPARATOR, np.int32))
    for first, last in _HAN:
        builder.set_each(range(first, last + 1), SINGLE)
    builder.set_each(range(_PRIVATE[0], _PRIVATE[1] + 1), 0)
    for code_point in _varied():
        builder.set(code_point, _letters(chr(code_point), folding))
    return builder.table()


def _varied() -> list[int]:
    """Return the code points that have to be looked at one by one."""
    whole = [*_HAN, _PRIVATE, (_SURROGATES[0], _SURROGATES[-1])]
    taken = np.zeros(0xE1000, np.bool_)
    for first, last in whole:
        taken[first : last + 1] = True
    # Planes 4 to 13 are unassigned; plane 14 holds tags and variation selectors.
    taken[0x20000:0xE0000] = True
    taken[0x2F800:0x2FA20] = False
    return [int(code_point) for code_point in np.flatnonzero(~taken)]


def _letters(character: str, folding: Folding) -> list[int]:
    """Return what a code point becomes."""
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    letters: list[str] = []
    for part in unicodedata.normalize("NFKD", decomposed):
        if folding.umlauts and part in _UMLAUT_MARKS and letters and letters[-1] in "aou":
            letters.append("e")
        elif part in _VARIANTS:
            letters += _VARIANTS[part]
        elif part.isalnum() or unicodedata.category(part) in ("Mc", "Co"):
            letters.append(part)
    if letters:
        return [_code(letter, folding) for letter in letters]
    dropped = unicodedata.category(character) in _DROPPED and not character.isspace()
    return [] if dropped else [SEPARATOR]


def _code(letter: str, folding: Folding) -> int:
    if folding.u_v and letter == "v":
        letter = "u"
    if folding.i_j and letter == "j":
        letter = "i"
    code = ord(letter)
    return code | SINGLE if any(first <= code <= last for first, last in _UNSPACED) else code

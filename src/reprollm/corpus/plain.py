"""The simpler tokenizations that published definitions use."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus.table import (
    CODE_POINTS,
    SEPARATOR,
    SINGLE,
    TableBuilder,
    TableTokenization,
)

# Code points from here on have neither case nor decomposition nor punctuation in Unicode 16.
_PLAIN_FROM = 0x20000


@lru_cache(maxsize=1)
def whitespace() -> TableTokenization:
    """Return words between white space, as they are: case and punctuation count."""
    recorded = {"tokens": "whitespace", "unicode": unicodedata.unidata_version}
    return TableTokenization("whitespace", recorded, TableBuilder(_itself()).table())


@lru_cache(maxsize=1)
def words() -> TableTokenization:
    """Return words between white space, in lower case, without punctuation (Brown et al. 2020).

    Characters of the general categories P and S are deleted wherever they stand in a word; a dash
    that stands alone is no word.
    """
    builder = TableBuilder(_itself())
    for code_point in range(_PLAIN_FROM):
        character = chr(code_point)
        if unicodedata.category(character)[0] in "PS":
            builder.set(code_point, [])
        elif (lower := character.lower()) != character:
            builder.set(code_point, [ord(letter) for letter in lower])
    recorded = {"tokens": "words", "unicode": unicodedata.unidata_version}
    return TableTokenization("words", recorded, builder.table())


@lru_cache(maxsize=1)
def letters() -> TableTokenization:
    """Return letters and digits, each a token, as they are; all else is ignored (GPT-4 report)."""
    builder = TableBuilder(np.zeros(CODE_POINTS, np.int32))
    for code_point in range(CODE_POINTS):
        if chr(code_point).isalnum():
            builder.set(code_point, [code_point | SINGLE])
    recorded = {"tokens": "letters", "unicode": unicodedata.unidata_version}
    return TableTokenization("letters", recorded, builder.table())


def _itself() -> NDArray[np.int32]:
    """Return codes by which every code point is its own letter and white space separates."""
    codes = np.arange(CODE_POINTS, dtype=np.int32)
    codes[:2] = 0
    for code_point in range(_PLAIN_FROM):
        if chr(code_point).isspace():
            codes[code_point] = SEPARATOR
    return codes

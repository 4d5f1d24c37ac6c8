"""What the guard looks at in a text: its words, its form, its date; never the model.

| feature | group | present where |
| --- | --- | --- |
| `w:<word>` | words | the word stands in the text, once or more |
| `p:<character>` | form | a character that is no letter, digit or white space stands in the text as it is |
| `u:<k>` | form | k = floor(10 capitals / letters), 0 without letters |
| `c:<k>` | form | the text's number of characters lies in the k-th tenth of all texts together |
| `n:<k>` | form | so does its number of words |
| `d:<k>` | form | so does its date, compared as text; `d:` where it has none |

The k-th tenth of a value x among N values is floor(10 (number of values < x) / N). Words are maximal
runs of letters and digits (`str.isalnum`) after NFKD, removal of combining marks, and case folding;
each character of U+2E80-U+9FFF, U+F900-U+FAFF and U+20000-U+3FFFF is a word of its own. A feature
that one text alone has is left out: nothing can be learned of it.
"""  # noqa: E501

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TENTHS = 10
_ALONE = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


@dataclass(frozen=True)
class Features:
    """The features of several texts, the words and the form of each.

    Attributes:
        words: of each text, the names of its word features, sorted.
        form: of each text, the names of its other features, sorted.
    """

    words: tuple[tuple[str, ...], ...]
    form: tuple[tuple[str, ...], ...]


def features(texts: Sequence[str], dates: Sequence[str | None] | None = None) -> Features:
    """Return the features of texts, which depend on all of them together but on no label.

    Args:
        texts: suspects and reference, in any order.
        dates: of each text its date as text that sorts by time; None where no date is declared.
    """
    split = [words(text) for text in texts]
    columns = {
        "c": _tenths([len(text) for text in texts]),
        "n": _tenths([len(found) for found in split]),
    }
    if dates is not None:
        columns["d"] = _dated(dates)
    form = [
        {f"p:{one}" for one in text if not one.isalnum() and not one.isspace()}
        | {f"u:{_capitals(text)}"}
        | {f"{name}:{column[place]}" for name, column in columns.items()}
        for place, text in enumerate(texts)
    ]
    return Features(_shared([{f"w:{word}" for word in found} for found in split]), _shared(form))


def words(text: str) -> list[str]:
    """Return the words of a text, normalised, in order."""
    marked = unicodedata.normalize("NFKD", text)
    plain = "".join(one for one in marked if not unicodedata.combining(one)).casefold()
    found: list[str] = []
    run = ""
    for one in plain + " ":
        alone = any(first <= ord(one) <= last for first, last in _ALONE)
        if one.isalnum() and not alone:
            run += one
            continue
        if run:
            found.append(run)
            run = ""
        if alone and one.isalnum():
            found.append(one)
    return found


def _capitals(text: str) -> int:
    letters = sum(one.isalpha() for one in text)
    return _TENTHS * sum(one.isupper() for one in text) // letters if letters else 0


def _tenths(values: Sequence[Any]) -> list[str]:
    ranked = sorted(values)
    return [str(_TENTHS * bisect_left(ranked, value) // len(ranked)) for value in values]


def _dated(dates: Sequence[str | None]) -> list[str]:
    known = iter(_tenths([date for date in dates if date]))
    return [next(known) if date else "" for date in dates]


def _shared(found: Sequence[set[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the features of each text that another text has as well."""
    texts = Counter(name for names in found for name in names)
    return tuple(tuple(sorted(name for name in names if texts[name] > 1)) for names in found)

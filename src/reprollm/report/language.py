"""The page's own words in two languages, with what is put into them.

A message is written into the page in the language that was asked for, and carries its key and its
values as data attributes, so that the page's script can write it again in the other language
(`assets/language.js` follows the same rules). What stands in a ledger is not translated: it goes
into a message as recorded, set apart as text of its own direction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from markupsafe import Markup, escape

from reprollm.report.messages import MESSAGES
from reprollm.report.shown import embedded, shown

Language: TypeAlias = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = ("en", "de")
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"(-?)(\d+)(\.\d+)?(e[+-]?\d+)?\Z")


@dataclass(frozen=True)
class Number:
    """A recorded number, to be shown with the signs of the reader's language."""

    text: str


@dataclass(frozen=True)
class Said:
    """A message within a message."""

    key: str


Value: TypeAlias = int | str | Number | Said


def number(text: str, language: Language) -> str:
    """Return a recorded decimal as the language writes it: grouped, and in German with a comma."""
    found = _NUMBER.match(text)
    if found is None:
        return shown(text)
    sign, whole, part, exponent = found.groups()
    comma, group = (",", ".") if language == "de" else (".", ",")
    grouped = f"{int(whole):,}".replace(",", group) if len(whole) > 3 else whole
    return (
        ("\N{MINUS SIGN}" if sign else "")
        + grouped
        + (part or "").replace(".", comma)
        + (exponent or "")
    )


def rounded(text: str) -> str:
    """Return a recorded decimal with three significant digits, zeros at its end kept."""
    return format(float(text), "#.3g").removesuffix(".")


def short(text: str) -> str:
    """Return a recorded decimal with four significant digits."""
    return format(float(text), ".4g") if text else ""


@dataclass(frozen=True)
class Speech:
    """Writes messages and numbers in one language, so that a script can write them in the other."""

    language: Language

    def __call__(self, key: str, **values: Value) -> Markup:
        """Return a message as an element.

        Raises:
            KeyError: there is no such message, or a value that it needs is missing.
        """
        inner = Markup("").join(self._pieces(key, values))
        return Markup('<span data-t="{}"{}>{}</span>').format(key, _data(values), inner)

    def label(self, key: str, **values: Value) -> Markup:
        """Return the attributes that name an element by a message."""
        return Markup('aria-label="{}" data-l="{}"{}').format(
            self.text(key, **values), key, _data(values)
        )

    def text(self, key: str, **values: Value) -> str:
        """Return a message as plain text."""
        return _PLACE.sub(lambda place: self._plain(values[place[1]]), self._message(key, values))

    def number(self, text: str | int | None) -> Markup:
        """Return a number as an element; nothing where there is none."""
        if text is None or text == "":
            return Markup("")
        return Markup('<span data-n="{}">{}</span>').format(
            shown(text), number(str(text), self.language)
        )

    def known(self, group: str, name: str) -> Markup:
        """Return the word for a name that records use; the name itself where there is no word."""
        key = f"{group}.{name}"
        return self(key) if key in MESSAGES else Markup("{}").format(shown(name.replace("_", " ")))

    def _message(self, key: str, values: Mapping[str, Value]) -> str:
        one = f"{key}.one"
        return MESSAGES[one if values.get("n") == 1 and one in MESSAGES else key][self.language]

    def _pieces(self, key: str, values: Mapping[str, Value]) -> list[Markup]:
        parts = _PLACE.split(self._message(key, values))
        return [
            self._value(values[part]) if at % 2 else Markup(escape(part))
            for at, part in enumerate(parts)
        ]

    def _value(self, value: Value) -> Markup:
        if isinstance(value, str):
            return Markup("<bdi>{}</bdi>").format(shown(value))
        return Markup(escape(self._plain(value)))

    def _plain(self, value: Value) -> str:
        if isinstance(value, Said):
            return self.text(value.key)
        if isinstance(value, Number):
            return number(value.text, self.language)
        return number(str(value), self.language) if isinstance(value, int) else shown(value)


def _data(values: Mapping[str, Value]) -> Markup:
    if not values:
        return Markup("")
    plain = {name: _coded(value) for name, value in values.items()}
    return Markup(' data-v="{}"').format(_decoded(embedded(plain)))


def _decoded(text: str) -> str:
    """Return JSON with its markup characters as they are: an attribute is escaped by itself."""
    return text.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&")


def _coded(value: Value) -> object:
    if isinstance(value, Said):
        return {"t": value.key}
    return {"d": value.text} if isinstance(value, Number) else value

"""The kinds of value that `experiment.yaml` holds, each with its own refusal.

A validator's message is the first half of a sentence (`expected …, found …`);
`reprollm.experiment.refusal` adds where that was.
"""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from reprollm.card.entries import DIMENSIONS, GROUPS
from reprollm.experiment.words import listed

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_DEVICE = re.compile(r"(cpu|cuda(:[0-9]{1,3})?)\Z")
_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]{1,253}(/[A-Za-z0-9._~/-]{0,200})?\Z")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}\Z")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z\Z")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")
_SEED = re.compile(r"(0|[1-9][0-9]{0,19})\Z")
_MAX_SEED = 2**64 - 1
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError(
            f"expected a name of a-z, 0-9, '-' and '_' (at most 64), found {value!r:.80}"
        )
    return value


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > 500:
        raise ValueError(f"expected one line of text (at most 500 characters), found {value!r:.80}")
    return value


def _column(value: str) -> str:
    if not value:
        raise ValueError("expected the name of a column, found an empty text")
    return value


def _path(value: str) -> str:
    path = PurePosixPath(value)
    if not value or "\0" in value or path.is_absolute() or ".." in path.parts:
        raise ValueError(
            "expected a relative path to a file inside the experiment's folder, "
            f"found {value!r:.200}; copy the file into the folder"
        )
    return value


def _decimal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"expected a decimal number, found {value!r:.80}")
    return str(value)


def _temperature(value: str) -> str:
    if value.startswith("-"):
        raise ValueError(f"expected a temperature of at least 0, found {value}")
    return value


def _top_p(value: str) -> str:
    if not 0 < Decimal(value) <= 1:
        raise ValueError(
            f"expected a probability above 0 and at most 1, found {value}; 1 keeps every token"
        )
    return value


def _seed(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _SEED.match(text) or int(text) > _MAX_SEED:
        raise ValueError(f"expected a seed from 0 to 2**64-1, found {value!r:.80}")
    return text


def _device(value: str) -> str:
    if not _DEVICE.match(value):
        raise ValueError(f"expected cpu, cuda or cuda:<number>, found {value!r:.80}")
    return value


def _scale(value: str) -> str:
    if not Decimal(value).is_finite():
        raise ValueError(f"expected a finite number, found {value}")
    return value


def _server_url(value: str) -> str:
    if not _URL.match(value):
        raise ValueError(
            "expected an address such as http://127.0.0.1:11434, without user and query, "
            f"found {value!r:.120}"
        )
    return value.rstrip("/")


def _variable(value: str) -> str:
    if not _VARIABLE.match(value):
        raise ValueError(
            f"expected the name of an environment variable, found {value[:8]!r}…; "
            "name the variable that holds the key, never the key itself"
        )
    return value


def _clock(value: str) -> str:
    if not _CLOCK.match(value):
        raise ValueError(f"expected a time such as 2026-01-01T00:00:00Z (UTC), found {value!r:.80}")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"expected a time that exists, found {value!r}") from None
    return value


def _month(value: str) -> str:
    if not _MONTH.match(value):
        raise ValueError(f"expected a month such as 2024-06, found {value!r:.80}")
    return value


def _dimension(value: str) -> str:
    if value not in DIMENSIONS and value not in GROUPS:
        known = listed([*GROUPS, *DIMENSIONS], 20)
        raise ValueError(f"expected a dimension of openness ({known}), found {value!r:.80}")
    return value


def _encoding(value: str) -> str:
    try:
        name = codecs.lookup(value).name.replace("_", "-")
        "".encode(value)
    except (LookupError, UnicodeError, ValueError):
        name = "undefined"
    if name in _NO_CHARSETS:
        raise ValueError(f"expected an encoding such as utf-8 or cp1252, found {value!r:.80}")
    return value


def _stops(value: tuple[str, ...]) -> tuple[str, ...]:
    if "" in value:
        raise ValueError("expected stop texts of at least one character, found an empty one")
    return _once(value, "stop text")


def _seeds(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("expected at least one seed, found none; leave the key out for seed 0")
    return _once(value, "seed")


def _labels(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise ValueError("expected at least one sampling setting, found none")
    for name in value:
        if not _LABEL.match(name):
            raise ValueError(
                f"expected names of a-z, 0-9 and '_' that begin with a letter, found {name!r:.80}"
            )
    return value


def _annotators(value: dict[str, Any]) -> dict[str, Any]:
    if "" in value or not all(_LABEL.match(name) for name in value):
        raise ValueError(
            "expected annotators' names of a-z, 0-9 and '_' that begin with a letter, found "
            f"{', '.join(value)!r:.80}"
        )
    return value


def _once(value: tuple[str, ...], what: str) -> tuple[str, ...]:
    for index, entry in enumerate(value):
        if entry in value[:index]:
            raise ValueError(f"expected every {what} once, found {entry!r} again")
    return value


Name = Annotated[str, AfterValidator(_name)]
Line = Annotated[str, AfterValidator(_line)]
Column = Annotated[str, AfterValidator(_column)]
FilePath = Annotated[str, AfterValidator(_path)]
ServerUrl = Annotated[str, AfterValidator(_server_url)]
Variable = Annotated[str, AfterValidator(_variable)]
Device = Annotated[str, AfterValidator(_device)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Clock = Annotated[str, AfterValidator(_clock), WithJsonSchema({"type": "string"})]
Month = Annotated[str, AfterValidator(_month)]
Dimension = Annotated[str, AfterValidator(_dimension)]
Temperature = Annotated[
    str,
    BeforeValidator(_decimal),
    AfterValidator(_temperature),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
TopP = Annotated[
    str,
    BeforeValidator(_decimal),
    AfterValidator(_top_p),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
Scale = Annotated[
    str,
    BeforeValidator(_decimal),
    AfterValidator(_scale),
    WithJsonSchema({"type": "number"}),
]
Seed = Annotated[
    str,
    BeforeValidator(_seed),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}),
]
Seeds = Annotated[tuple[Seed, ...], AfterValidator(_seeds)]
Stops = Annotated[tuple[str, ...], AfterValidator(_stops)]
Positive = Annotated[int, Field(ge=1, le=2**31 - 1)]
Labels = AfterValidator(_labels)
Annotators = AfterValidator(_annotators)

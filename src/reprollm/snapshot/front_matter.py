"""What a model card claims in its YAML front matter: licence, base, data sets, languages.

`README.md` of a model repository begins with a block of YAML between two lines of `---` (Hugging
Face hub documentation, "Model Cards"). Only the top-level keys that a card needs are read, as one
text, as `[a, b]` or as lines of `- a`; a whole YAML parser would follow the anchors of a stranger's
file. What is found is a claim of whoever wrote the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json

KEYS = ("license", "license_name", "license_link", "base_model", "datasets", "language")
MAX_BLOCK = 200_000
MAX_ENTRIES = 100
MAX_ENTRY = 200

_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---", re.DOTALL)
_KEY = re.compile(r"([A-Za-z_]+):[ \t]*(.*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")


@dataclass(frozen=True)
class Claims:
    """The model card's claims, as written; texts are None and lists empty where it says nothing."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    license: str | None = None
    license_name: str | None = None
    license_link: str | None = None
    base_model: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    language: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Json]:
        """Return the claims as canonical JSON."""
        return {
            "license": self.license,
            "license_name": self.license_name,
            "license_link": self.license_link,
            "base_model": list(self.base_model),
            "datasets": list(self.datasets),
            "language": list(self.language),
        }


def read_claims(card: str | None) -> Claims | None:
    """Return the claims in the text of a model card, None where it makes none of them."""
    block = _BLOCK.match(card[:MAX_BLOCK]) if card else None
    found = _values(block[1]) if block else {}
    if not any(found.values()):
        return None

    def first(key: str) -> str | None:
        return next(iter(found.get(key, ())), None)

    return Claims(
        license=first("license"),
        license_name=first("license_name"),
        license_link=first("license_link"),
        base_model=tuple(found.get("base_model", ())),
        datasets=tuple(found.get("datasets", ())),
        language=tuple(found.get("language", ())),
    )


def _values(block: str) -> dict[str, list[str]]:
    """Return the entries of each key; the first of two equal keys stands."""
    found: dict[str, list[str]] = {}
    open_list: list[str] | None = None
    for line in block.splitlines():
        item = _ITEM.match(line)
        if item and open_list is not None:
            _add(open_list, item[1])
            continue
        key = _KEY.match(line)
        open_list = None
        if key and key[1] in KEYS and key[1] not in found:
            open_list = found[key[1]] = []
            for part in _inline(key[2]):
                _add(open_list, part)
    return found


def _inline(value: str) -> list[str]:
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return value[1:-1].split(",")
    return [value]


def _add(entries: list[str], value: str) -> None:
    text = value.split(" #")[0].strip().strip("\"'").strip()
    if text and text not in ("|", ">", ">-", "|-", "null", "~") and len(entries) < MAX_ENTRIES:
        entries.append(text[:MAX_ENTRY])

"""A record together with the openings of its commitments, before it is published."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.records.commitment import SALT_BYTES, Opening, Withheld, seal
from reprollm.records.kinds import TEXT_FIELDS as TEXT_FIELDS
from reprollm.records.regular_openings import regular_openings

# JSON strings as RFC 8785, section 3.2.2.2, writes them.
_quote = json.encoder.encode_basestring
_WITHHELD_KEYS = 2


@dataclass(frozen=True)
class Sealed:
    """One record and the openings of its commitments."""

    record: dict[str, Any]
    openings: tuple[Opening, ...] = ()


def seal_record(record: dict[str, Any], values: Mapping[str, bytes | None]) -> Sealed:
    """Return `record` with a fresh commitment for each field in `values`; None stays null."""
    sealed = {
        field: None if value is None else seal(field, value) for field, value in values.items()
    }
    commitments = {field: pair[0] if pair else None for field, pair in sealed.items()}
    openings = tuple(pair[1] for pair in sealed.values() if pair)
    return Sealed({**record, **commitments}, openings)


def openings_line(leaf: str, openings: Iterable[Opening | Withheld]) -> bytes:
    """Return the canonical line that holds the openings of the record with leaf hash `leaf`.

    A value that is withheld while its salt is given stands as `{"field":…,"salt":…}`.
    """
    entries = ",".join(map(_to_text, openings))
    return f'{{"leaf":{_quote(leaf)},"openings":[{entries}]}}'.encode()


def parse_openings_line(line: bytes) -> tuple[str, tuple[Opening | Withheld, ...]]:
    """Return leaf hash (hex) and openings of such a line.

    Raises:
        InvalidInput: the line is not exactly what `openings_line` writes for some openings.
    """
    regular = regular_openings(line)
    if regular is not None:
        return regular
    try:
        value = json.loads(line)
        leaf, openings = value["leaf"], tuple(map(_from_trusted_json, value["openings"]))
        if openings_line(leaf, openings) == line:
            return leaf, openings
        reason = "it is not in canonical form"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = repr(error)
    raise InvalidInput(f"expected a line of leaf and openings, found {line[:80]!r}…: {reason}")


def openings_from_json(value: Any) -> tuple[Opening, ...]:
    """Return the openings that the `openings` array of such a line holds.

    Raises:
        InvalidInput: an entry lacks a field, or its base64 or salt is malformed.
    """
    try:
        return tuple(_from_json(entry) for entry in value)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"expected openings with field, salt and text or base64: {error}"
        ) from None


def _to_text(opening: Opening | Withheld) -> str:
    """Return the canonical JSON text of one entry."""
    field, salt = opening.field, opening.salt.hex()
    if isinstance(opening, Withheld):
        return f'{{"field":{_quote(field)},"salt":"{salt}"}}'
    if field in TEXT_FIELDS:
        text = _quote(opening.value.decode("utf-8"))
        return f'{{"field":"{field}","salt":"{salt}","text":{text}}}'
    coded = base64.b64encode(opening.value).decode("ascii")
    return f'{{"base64":"{coded}","field":{_quote(field)},"salt":"{salt}"}}'


def _from_trusted_json(entry: dict[str, str]) -> Opening | Withheld:
    """Return what stands in `entry`, whose spelling the caller compares."""
    field = entry["field"]
    if len(entry) == _WITHHELD_KEYS:
        return Withheld(field, _whole_salt(entry["salt"]))
    if field in TEXT_FIELDS:
        value = entry["text"].encode("utf-8")
    else:
        value = base64.b64decode(entry["base64"])
    return Opening(field, bytes.fromhex(entry["salt"]), value)


def _whole_salt(text: str) -> bytes:
    salt = bytes.fromhex(text)
    if len(salt) != SALT_BYTES:
        raise ValueError(f"expected a salt of {SALT_BYTES} bytes, found {len(salt)}")
    return salt


def _from_json(entry: dict[str, Any]) -> Opening:
    keys = {"field", "salt", "text" if entry["field"] in TEXT_FIELDS else "base64"}
    if set(entry) != keys:
        raise ValueError(f"expected the keys {sorted(keys)}, found {sorted(entry)}")
    if "text" in entry:
        value = entry["text"].encode("utf-8")
    else:
        value = base64.b64decode(entry["base64"], validate=True)
    salt = bytes.fromhex(entry["salt"])
    if len(salt) != SALT_BYTES or salt.hex() != entry["salt"]:
        raise ValueError(f"expected a salt of {SALT_BYTES} bytes in lower-case hex")
    return Opening(entry["field"], salt, value)

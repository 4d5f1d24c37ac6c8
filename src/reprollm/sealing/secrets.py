"""What opens a seal: texts, salts and seeds, all of them (private) or some kinds (published later).

The private file has the schema `reprollm/seal-secrets/1`, mode 0600, and belongs in no repository
and no bundle. What is published later has `reprollm/seal-openings/1` and null for each kind that
stays closed. Both name the seal that they open by the SHA-256 of its file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import CommitmentMismatch, naming
from reprollm.records.commitment import SALT_BYTES
from reprollm.sealing import shape
from reprollm.sealing.draw import SEED_BYTES
from reprollm.sealing.seal import Seal, parse, read
from reprollm.sealing.shape import SealInvalid

SECRETS = "reprollm/seal-secrets/1"
OPENINGS = "reprollm/seal-openings/1"
KINDS = ("twins", "order", "canaries")
_KEYS = ("schema", "seal", *KINDS)


@dataclass(frozen=True)
class Seed:
    """A seed (32 bytes) and the salt of its commitment (32 bytes)."""

    salt: bytes
    value: bytes


@dataclass(frozen=True)
class Version:
    """One version of an item: its salt, and its cells as (column, text)."""

    salt: bytes
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Text:
    """One canary: its salt and its text."""

    salt: bytes
    text: str


@dataclass(frozen=True)
class OpenedTwins:
    """The seed, and the versions of each item by index, in the order of the seal."""

    seed: Seed
    items: tuple[tuple[str, tuple[Version, ...]], ...]


@dataclass(frozen=True)
class OpenedCanaries:
    """The seed, and the texts of each canary by index (0 is published)."""

    seed: Seed
    sets: tuple[tuple[str, tuple[Text, ...]], ...]


@dataclass(frozen=True)
class Secrets:
    """What opens the seal whose file has the SHA-256 `seal`; a kind that stays closed is None."""

    seal: str
    twins: OpenedTwins | None
    order: Seed | None
    canaries: OpenedCanaries | None


def load_secrets(path: Path, seal: Seal) -> Secrets:
    """Return what opens `seal`, every commitment checked.

    Raises:
        SealInvalid: the file is not one of the two schemas.
        CommitmentMismatch: it opens another seal, or something in it is not what was committed to.
    """
    from reprollm.sealing.check import opening_defects

    secrets = read_secrets(path)
    for defect in opening_defects(seal, secrets):
        raise CommitmentMismatch(f"{defect} (in {path})")
    return secrets


def read_secrets(path: Path) -> Secrets:
    """Return what the file opens; nothing is compared with a seal yet."""
    return parse_secrets(read(path, "what opens a seal"), str(path))


def parse_secrets(content: bytes, where: str) -> Secrets:
    """Return what `content` opens; nothing is compared with a seal yet. Errors name `where`."""
    value = shape.fields(parse(content, where), _KEYS, where)
    if value["schema"] not in (SECRETS, OPENINGS):
        raise SealInvalid(
            f"expected the schema {SECRETS} or {OPENINGS} in {where}, found {value['schema']!r:.80}"
        )
    with naming(where):
        return Secrets(
            shape.sha256(value["seal"], "seal"),
            _twins(value["twins"]),
            _order(value["order"]),
            _canaries(value["canaries"]),
        )


def only(secrets: Secrets, kinds: Collection[str]) -> Secrets:
    """Return what opens these kinds (of `KINDS`) alone."""
    return Secrets(
        secrets.seal,
        secrets.twins if "twins" in kinds else None,
        secrets.order if "order" in kinds else None,
        secrets.canaries if "canaries" in kinds else None,
    )


def _seed(value: Any) -> Seed:
    value = shape.fields(value, ("salt", "value"), "a seed")
    return Seed(_salt(value["salt"]), shape.octets(value["value"], SEED_BYTES, "a seed's value"))


def _salt(value: Any) -> bytes:
    return shape.octets(value, SALT_BYTES, "a salt")


def _order(value: Any) -> Seed | None:
    if value is None:
        return None
    return _seed(shape.fields(value, ("seed",), "order")["seed"])


def _twins(value: Any) -> OpenedTwins | None:
    if value is None:
        return None
    value = shape.fields(value, ("seed", "items"), "twins")
    items = []
    for each in shape.array(value["items"], "twins.items"):
        shape.fields(each, ("item", "variants"), "twins.items")
        item = shape.text(each["item"], "an item's id")
        items.append((item, tuple(map(_version, shape.array(each["variants"], "variants")))))
    return OpenedTwins(_seed(value["seed"]), tuple(items))


def _version(value: Any) -> Version:
    value = shape.fields(value, ("salt", "cells"), "a version")
    cells = []
    for pair in shape.array(value["cells"], "cells", 1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise SealInvalid(f"expected a column and its text in cells, found {pair!r:.80}")
        cells.append((shape.text(pair[0], "a column"), shape.text(pair[1], "a cell")))
    return Version(_salt(value["salt"]), tuple(cells))


def _canaries(value: Any) -> OpenedCanaries | None:
    if value is None:
        return None
    value = shape.fields(value, ("seed", "sets"), "canaries")
    sets = []
    for each in shape.array(value["sets"], "canaries.sets"):
        shape.fields(each, ("canary", "variants"), "canaries.sets")
        name = shape.text(each["canary"], "a canary's name")
        sets.append((name, tuple(map(_text, shape.array(each["variants"], "variants")))))
    return OpenedCanaries(_seed(value["seed"]), tuple(sets))


def _text(value: Any) -> Text:
    value = shape.fields(value, ("salt", "text"), "a canary")
    return Text(_salt(value["salt"]), shape.text(value["text"], "a canary's text"))

"""The public file of a sealed data set, schema `reprollm/seal/1`: commitments, and no text.

One line of canonical JSON and a line feed. Its SHA-256 is what an author hands to others.
Twins, order and canaries have seeds of their own, so that each can be opened without the others.
Every version is committed to, the published one included, and which one was published is said
openly: it tells nothing, and it can be compared with what the seed draws once that is opened.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import loads_object
from reprollm.errors import InvalidInput, NotCanonical, naming
from reprollm.sealing import shape
from reprollm.sealing.shape import SealInvalid
from reprollm.sealing.table import DELIMITERS, Format

SCHEMA = "reprollm/seal/1"
_KEYS = ("schema", "name", "created", "data", "twins", "order", "canaries")
_LIMIT = 1 << 30


@dataclass(frozen=True)
class Published:
    """The published file: SHA-256 of its bytes, number of rows, columns and spelling."""

    sha256: str
    items: int
    columns: tuple[str, ...]
    form: Format


@dataclass(frozen=True)
class Group:
    """Things of which one is published: a subject and the commitment to each variant, by index.

    Attributes:
        subject: an item's id, or a canary's name.
        published: the index of the published variant; 0 for canaries.
        variants: at least two commitments, hex.
    """

    subject: str
    published: int
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Twins:
    """The columns in which versions differ, the seed's commitment, and the items with versions."""

    columns: tuple[str, ...]
    seed: str
    items: tuple[Group, ...]


@dataclass(frozen=True)
class Order:
    """The commitment to the seed that put the rows in order."""

    seed: str


@dataclass(frozen=True)
class Canaries:
    """The column that the canaries stand in, the seed's commitment, and the canaries."""

    column: str
    seed: str
    sets: tuple[Group, ...]


@dataclass(frozen=True)
class Seal:
    """A seal; whatever was not asked for is None. `sha256` is that of the file's bytes."""

    name: str
    created: str
    data: Published
    twins: Twins | None
    order: Order | None
    canaries: Canaries | None
    sha256: str


def load_seal(path: Path) -> Seal:
    """Return the seal in `path`; raise `SealInvalid` where it is none."""
    return parse_seal(read(path, "a seal"), str(path))


def read(path: Path, what: str) -> bytes:
    """Return a file's bytes; raise `InvalidInput` where it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        raise InvalidInput(f"expected {what} at {path}: {error.strerror}") from None
    if len(content) > _LIMIT:
        raise InvalidInput(f"expected {what} of at most {_LIMIT} bytes at {path}, found more")
    return content


def parse_seal(content: bytes, where: str) -> Seal:
    """Return the seal that `content` holds; errors name `where`.

    Raises:
        SealInvalid: it is not exactly what `seal_bytes` writes for some seal.
    """
    value = shape.fields(parse(content, where), _KEYS, where)
    if value["schema"] != SCHEMA:
        raise SealInvalid(f"expected the schema {SCHEMA} in {where}, found {value['schema']!r:.80}")
    with naming(where):
        data = _published(value["data"])
        seal = Seal(
            shape.text(value["name"], "name"),
            shape.text(value["created"], "created"),
            data,
            _twins(value["twins"], data),
            _order(value["order"]),
            _canaries(value["canaries"], data),
            hashlib.sha256(content).hexdigest(),
        )
    return seal


def parse(content: bytes, where: str) -> dict[str, Any]:
    """Return the object of a file of one canonical line; raise `SealInvalid` for anything else."""
    if not content.endswith(b"\n"):
        raise SealInvalid(f"expected one line of JSON that ends in {where}; the file is cut off")
    try:
        return loads_object(content[:-1])
    except NotCanonical as error:
        raise SealInvalid(f"{error} (in {where})") from None


def _published(value: Any) -> Published:
    names = ("sha256", "items", "columns", "id", "delimiter", "encoding")
    value = shape.fields(value, names, "data")
    columns = _columns(value["columns"], "data.columns")
    form = Format(*(shape.text(value[name], f"data.{name}") for name in names[3:]))
    if form.delimiter not in DELIMITERS or form.id not in columns:
        raise SealInvalid("expected a delimiter of CSV and the column of ids in data, found others")
    sha256, items = (
        shape.sha256(value["sha256"], "data.sha256"),
        shape.count(value["items"], "items"),
    )
    return Published(sha256, items, columns, form)


def _columns(value: Any, where: str) -> tuple[str, ...]:
    columns = tuple(shape.text(each, where) for each in shape.array(value, where, 1))
    shape.pairwise_different(columns, where)
    return columns


def _twins(value: Any, data: Published) -> Twins | None:
    if value is None:
        return None
    value = shape.fields(value, ("columns", "seed", "items"), "twins")
    columns = _columns(value["columns"], "twins.columns")
    if not set(columns) < set(data.columns):
        raise SealInvalid("expected columns of the data file in twins.columns, found another")
    items = tuple(_twin(each) for each in shape.array(value["items"], "twins.items", 1))
    shape.pairwise_different([group.subject for group in items], "twins.items")
    return Twins(columns, shape.sha256(value["seed"], "twins.seed"), items)


def _twin(value: Any) -> Group:
    value = shape.fields(value, ("item", "published", "variants"), "twins.items")
    item = shape.text(value["item"], "an item's id")
    variants = _variants(value["variants"], f"the variants of item {item!r:.80}")
    published = shape.count(value["published"], "published")
    if published >= len(variants):
        raise SealInvalid(
            f"expected a published variant below {len(variants)} of item {item!r:.80}, "
            f"found {published}"
        )
    return Group(item, published, variants)


def _variants(value: Any, where: str) -> tuple[str, ...]:
    variants = tuple(shape.sha256(each, where) for each in shape.array(value, where, 2))
    shape.pairwise_different(variants, where)
    return variants


def _order(value: Any) -> Order | None:
    if value is None:
        return None
    value = shape.fields(value, ("seed",), "order")
    return Order(shape.sha256(value["seed"], "order.seed"))


def _canaries(value: Any, data: Published) -> Canaries | None:
    if value is None:
        return None
    value = shape.fields(value, ("column", "seed", "sets"), "canaries")
    column = shape.text(value["column"], "canaries.column")
    if column not in data.columns:
        raise SealInvalid(f"expected a column of the data file for canaries, found {column!r:.80}")
    sets = tuple(_canary(each) for each in shape.array(value["sets"], "canaries.sets", 1))
    shape.pairwise_different([group.subject for group in sets], "canaries.sets")
    return Canaries(column, shape.sha256(value["seed"], "canaries.seed"), sets)


def _canary(value: Any) -> Group:
    value = shape.fields(value, ("canary", "variants"), "canaries.sets")
    name = shape.text(value["canary"], "a canary's name")
    return Group(name, 0, _variants(value["variants"], f"the variants of {name!r:.80}"))

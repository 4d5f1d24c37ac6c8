"""Drawing and committing: from rows and their further versions to the three files of a seal.

All randomness comes from the operating system and is drawn here: a seed of 32 bytes for each kind,
and a salt of 32 bytes for each commitment. Everything else follows from these.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reprollm.records.commitment import SALT_BYTES
from reprollm.sealing.commitments import commit_canary, commit_seed, commit_twin
from reprollm.sealing.draw import SEED_BYTES, arranged, block, canary, canary_name, chosen
from reprollm.sealing.seal import Canaries, Group, Order, Published, Twins
from reprollm.sealing.secrets import (
    SECRETS,
    OpenedCanaries,
    OpenedTwins,
    Secrets,
    Seed,
    Text,
    Version,
)
from reprollm.sealing.table import Format, Table, to_csv
from reprollm.sealing.wish import CANARY_COLUMN, Further, Wish, check_versions, check_wish
from reprollm.sealing.writing import seal_bytes, secrets_bytes


@dataclass(frozen=True)
class Sealed:
    """The bytes of the published data file, of the seal, and of the secrets."""

    data: bytes
    seal: bytes
    secrets: bytes


Random = Callable[[int], bytes]


def make(
    table: Table,
    form: Format,
    wish: Wish,
    name: str,
    created: str,
    random: Random = os.urandom,
) -> Sealed:
    """Draw what is published and commit to it and to all that might have been.

    Args:
        table: the items; its cells are the first version of each.
        form: how table and published file are spelled.
        wish: what to seal.
        name: the data set's name and version, for people.
        created: the time, RFC 3339.
        random: gives that many random bytes.

    Raises:
        InvalidInput: nothing is to be sealed, or there are too few rows for it.
        DataInvalid: versions are empty or alike, or of no item.
    """
    check_wish(table, wish)
    rows = {row[form.id]: dict(row) for row in table.rows}
    order_seed = _seed(random) if wish.order else None
    ids = arranged(order_seed.value, list(rows)) if order_seed else list(rows)
    twins = _twins(rows, ids, wish.further, random) if wish.further else None
    if wish.further and twins:
        for (item, versions), picked in zip(twins.items, _picks(twins), strict=True):
            rows[item].update(versions[picked].cells)
    canaries = _canaries(wish, random) if wish.canaries else None
    columns = table.columns
    if canaries:
        columns = (*columns, CANARY_COLUMN)
        for place, item in enumerate(ids):
            _, texts = canaries.sets[block(place, len(ids), wish.canaries)]
            rows[item][CANARY_COLUMN] = texts[0].text
    data = to_csv(Table(columns, tuple(rows[item] for item in ids)), form)
    published = Published(hashlib.sha256(data).hexdigest(), len(ids), columns, form)
    seal = seal_bytes(
        name,
        created,
        published,
        _sealed_twins(twins, wish.further.columns) if twins and wish.further else None,
        Order(commit_seed("order", order_seed.salt, order_seed.value)) if order_seed else None,
        _sealed_canaries(canaries) if canaries else None,
    )
    secrets = Secrets(hashlib.sha256(seal).hexdigest(), twins, order_seed, canaries)
    return Sealed(data, seal, secrets_bytes(SECRETS, secrets))


def _seed(random: Random) -> Seed:
    return Seed(random(SALT_BYTES), random(SEED_BYTES))


def _picks(twins: OpenedTwins) -> list[int]:
    return [chosen(twins.seed.value, item, len(versions)) for item, versions in twins.items]


def _twins(
    rows: Mapping[str, Mapping[str, str]], ids: Sequence[str], further: Further, random: Random
) -> OpenedTwins:
    seed = _seed(random)
    items = []
    for item in ids:
        if item not in further.versions:
            continue
        versions = [
            tuple((column, cells[column]) for column in further.columns)
            for cells in (rows[item], *further.versions[item])
        ]
        check_versions(item, versions)
        items.append((item, tuple(Version(random(SALT_BYTES), cells) for cells in versions)))
    return OpenedTwins(seed, tuple(items))


def _canaries(wish: Wish, random: Random) -> OpenedCanaries:
    seed = _seed(random)
    names = [canary_name(number) for number in range(wish.canaries)]
    sets = [
        (
            name,
            tuple(
                Text(random(SALT_BYTES), canary(seed.value, name, variant))
                for variant in range(wish.holdbacks + 1)
            ),
        )
        for name in names
    ]
    return OpenedCanaries(seed, tuple(sets))


def _sealed_twins(opened: OpenedTwins, columns: tuple[str, ...]) -> Twins:
    items = [
        Group(
            item,
            picked,
            tuple(
                commit_twin(version.salt, item, variant, version.cells)
                for variant, version in enumerate(versions)
            ),
        )
        for (item, versions), picked in zip(opened.items, _picks(opened), strict=True)
    ]
    return Twins(columns, commit_seed("twins", opened.seed.salt, opened.seed.value), tuple(items))


def _sealed_canaries(opened: OpenedCanaries) -> Canaries:
    sets = [
        Group(
            name,
            0,
            tuple(
                commit_canary(each.salt, name, variant, each.text)
                for variant, each in enumerate(texts)
            ),
        )
        for name, texts in opened.sets
    ]
    seed = commit_seed("canaries", opened.seed.salt, opened.seed.value)
    return Canaries(CANARY_COLUMN, seed, tuple(sets))

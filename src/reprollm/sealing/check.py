"""Defects of a sealed data set: data against seal, and openings against both; a sentence each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from reprollm.sealing.commitments import commit_canary, commit_seed, commit_twin
from reprollm.sealing.draw import arranged, block, canary, chosen
from reprollm.sealing.seal import Group, Seal
from reprollm.sealing.secrets import OpenedCanaries, OpenedTwins, Secrets, Seed
from reprollm.sealing.table import Table

_TWINS, _ORDER, _CANARIES = "twins", "order", "canaries"


def hash_defects(seal: Seal, content: bytes) -> Iterator[str]:
    """Yield whether the bytes of the data file are not those that were sealed."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != seal.data.sha256:
        yield (
            f"expected the data file with SHA-256 {seal.data.sha256[:16]}…, which was sealed, "
            f"found {sha256[:16]}…; it was changed since, or is not the published one"
        )


def data_defects(seal: Seal, table: Table) -> Iterator[str]:
    """Yield what the columns and the number of rows of the data file are not."""
    if table.columns != seal.data.columns:
        yield (
            f"expected the columns {', '.join(seal.data.columns)} in the data file, "
            f"found {', '.join(table.columns)}"
        )
    if len(table.rows) != seal.data.items:
        yield f"expected {seal.data.items} rows in the data file, found {len(table.rows)}"


def opening_defects(seal: Seal, secrets: Secrets) -> Iterator[str]:
    """Yield where what is opened is not what the seal committed to, or not what its seed draws."""
    if secrets.seal != seal.sha256:
        yield (
            f"expected what opens the seal with SHA-256 {seal.sha256[:16]}…, found what opens "
            f"{secrets.seal[:16]}…; seal and secrets do not belong together, or the seal was "
            "changed"
        )
    kinds = (
        (_TWINS, seal.twins, secrets.twins),
        (_ORDER, seal.order, secrets.order),
        (_CANARIES, seal.canaries, secrets.canaries),
    )
    for kind, sealed, opened in kinds:
        if sealed is None and opened is not None:
            yield f"expected nothing that opens {kind}, which were not sealed, found something"
    if seal.twins and secrets.twins:
        yield from _seed_defects(_TWINS, seal.twins.seed, secrets.twins.seed)
        yield from _twin_defects(seal.twins.columns, seal.twins.items, secrets.twins)
    if seal.order and secrets.order:
        yield from _seed_defects(_ORDER, seal.order.seed, secrets.order)
    if seal.canaries and secrets.canaries:
        yield from _seed_defects(_CANARIES, seal.canaries.seed, secrets.canaries.seed)
        yield from _canary_defects(seal.canaries.sets, secrets.canaries)


def drawn_defects(seal: Seal, secrets: Secrets, table: Table) -> Iterator[str]:
    """Yield where the published rows are not what the opened seeds draw.

    Args:
        seal: the seal, with which `secrets` agrees.
        secrets: what is opened.
        table: the published rows.
    """
    name = seal.data.form.id
    rows = {row[name]: row for row in table.rows}
    ids = [row[name] for row in table.rows]
    if secrets.order and ids != arranged(secrets.order.value, ids):
        yield "expected the rows in the order that the sealed seed draws, found another order"
    if seal.twins and secrets.twins:
        yield from _published_defects(seal.twins.items, secrets.twins, rows)
    if seal.canaries and secrets.canaries:
        yield from _column_defects(seal.canaries.column, secrets.canaries, table.rows)


def _seed_defects(kind: str, commitment: str, seed: Seed) -> Iterator[str]:
    if commit_seed(kind, seed.salt, seed.value) != commitment:
        yield (
            f"expected the seed of the {kind} that was committed to, found another; seed or salt "
            "was changed"
        )


def _twin_defects(
    columns: Sequence[str], groups: Sequence[Group], opened: OpenedTwins
) -> Iterator[str]:
    if [group.subject for group in groups] != [item for item, _ in opened.items]:
        yield "expected variants of the items that the seal names, in its order, found others"
        return
    for group, (item, versions) in zip(groups, opened.items, strict=True):
        if len(versions) != len(group.variants):
            yield (
                f"expected {len(group.variants)} variants of item {item!r:.80}, "
                f"found {len(versions)}"
            )
            continue
        for variant, version in enumerate(versions):
            named = tuple(column for column, _ in version.cells) == tuple(columns)
            made = commit_twin(version.salt, item, variant, version.cells)
            if not named or made != group.variants[variant]:
                yield (
                    f"expected the text of variant {variant} of item {item!r:.80} that was "
                    "committed to, found another; text or salt was changed"
                )
        if chosen(opened.seed.value, item, len(versions)) != group.published:
            yield (
                f"expected the variant of item {item!r:.80} that the sealed seed draws to be the "
                f"published one, found variant {group.published} published"
            )


def _canary_defects(groups: Sequence[Group], opened: OpenedCanaries) -> Iterator[str]:
    if [group.subject for group in groups] != [name for name, _ in opened.sets]:
        yield "expected the canaries that the seal names, in its order, found others"
        return
    for group, (name, texts) in zip(groups, opened.sets, strict=True):
        if len(texts) != len(group.variants):
            yield f"expected {len(group.variants)} texts of {name!r:.80}, found {len(texts)}"
            continue
        for variant, each in enumerate(texts):
            if commit_canary(each.salt, name, variant, each.text) != group.variants[variant]:
                yield (
                    f"expected the text {variant} of {name!r:.80} that was committed to, found "
                    "another; text or salt was changed"
                )
            elif each.text != canary(opened.seed.value, name, variant):
                yield (
                    f"expected the text {variant} of {name!r:.80} that the sealed seed draws, "
                    "found another: it was picked by hand"
                )


def _published_defects(
    groups: Sequence[Group], opened: OpenedTwins, rows: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for group, (item, versions) in zip(groups, opened.items, strict=True):
        row = rows.get(item)
        if row is None:
            yield f"expected the item {item!r:.80} in the data file, found none"
        elif any(row.get(name) != text for name, text in versions[group.published].cells):
            yield (
                f"expected variant {group.published} of item {item!r:.80} in the data file, "
                "found another text"
            )


def _column_defects(
    column: str, opened: OpenedCanaries, rows: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    for place, row in enumerate(rows):
        name, texts = opened.sets[block(place, len(rows), len(opened.sets))]
        if row.get(column) != texts[0].text:
            yield f"expected {name!r:.80} in row {place + 1} of the data file, found another text"

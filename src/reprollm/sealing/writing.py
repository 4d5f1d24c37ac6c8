"""The bytes of a seal's files: canonical JSON in one line that ends."""

from __future__ import annotations

from reprollm.canon import Json, dumps
from reprollm.sealing.seal import SCHEMA, Canaries, Order, Published, Twins
from reprollm.sealing.secrets import OpenedCanaries, OpenedTwins, Secrets, Seed, Text, Version


def seal_bytes(
    name: str,
    created: str,
    data: Published,
    twins: Twins | None,
    order: Order | None,
    canaries: Canaries | None,
) -> bytes:
    """Return the bytes of the public file."""
    form = data.form
    value: dict[str, Json] = {
        "schema": SCHEMA,
        "name": name,
        "created": created,
        "data": {
            "sha256": data.sha256,
            "items": data.items,
            "columns": list(data.columns),
            "id": form.id,
            "delimiter": form.delimiter,
            "encoding": form.encoding,
        },
        "twins": None if twins is None else _twins_json(twins),
        "order": None if order is None else {"seed": order.seed},
        "canaries": None if canaries is None else _canaries_json(canaries),
    }
    return dumps(value) + b"\n"


def secrets_bytes(schema: str, secrets: Secrets) -> bytes:
    """Return the bytes of a file that opens what `secrets` opens."""
    twins, order, canaries = secrets.twins, secrets.order, secrets.canaries
    value: dict[str, Json] = {
        "schema": schema,
        "seal": secrets.seal,
        "twins": None if twins is None else _opened_twins_json(twins),
        "order": None if order is None else {"seed": _seed_json(order)},
        "canaries": None if canaries is None else _opened_canaries_json(canaries),
    }
    return dumps(value) + b"\n"


def _twins_json(twins: Twins) -> Json:
    items: list[Json] = [
        {"item": group.subject, "published": group.published, "variants": list(group.variants)}
        for group in twins.items
    ]
    return {"columns": list(twins.columns), "seed": twins.seed, "items": items}


def _canaries_json(canaries: Canaries) -> Json:
    sets: list[Json] = [
        {"canary": group.subject, "variants": list(group.variants)} for group in canaries.sets
    ]
    return {"column": canaries.column, "seed": canaries.seed, "sets": sets}


def _opened_twins_json(twins: OpenedTwins) -> Json:
    items: list[Json] = [
        {"item": item, "variants": [_version_json(version) for version in versions]}
        for item, versions in twins.items
    ]
    return {"seed": _seed_json(twins.seed), "items": items}


def _opened_canaries_json(canaries: OpenedCanaries) -> Json:
    sets: list[Json] = [
        {"canary": name, "variants": [_text_json(each) for each in texts]}
        for name, texts in canaries.sets
    ]
    return {"seed": _seed_json(canaries.seed), "sets": sets}


def _text_json(text: Text) -> Json:
    return {"salt": text.salt.hex(), "text": text.text}


def _seed_json(seed: Seed) -> dict[str, Json]:
    return {"salt": seed.salt.hex(), "value": seed.value.hex()}


def _version_json(version: Version) -> dict[str, Json]:
    return {"salt": version.salt.hex(), "cells": [[name, text] for name, text in version.cells]}

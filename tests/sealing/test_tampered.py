"""Changed data, seals and secrets: each defect has its own sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reprollm.canon import dumps
from reprollm.errors import CommitmentMismatch, InvalidInput
from reprollm.sealing.check import data_defects, drawn_defects, hash_defects, opening_defects
from reprollm.sealing.seal import load_seal, parse_seal
from reprollm.sealing.secrets import OPENINGS, load_secrets, only, parse_secrets
from reprollm.sealing.shape import SealInvalid
from reprollm.sealing.table import Table
from reprollm.sealing.writing import secrets_bytes
from sealing.building import sealed

MADE = sealed()
OTHER = "0" * 64


def changed(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(content)
    change(value)
    return dumps(value) + b"\n"


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change that sets what lies at the end of a path of keys and places."""

    def change(at: Any) -> None:
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = copy.deepcopy(value)

    return change


def drop(*path: str | int) -> Callable[[dict[str, Any]], object]:
    def change(at: Any) -> None:
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

    return change


SECRETS = {
    "another salt": (
        put("twins", "items", 0, "variants", 0, "salt", value=OTHER),
        "the text of variant 0",
    ),
    "another text": (
        put("twins", "items", 0, "variants", 1, "cells", value=[["source", "Ein Greis"]]),
        "the text of variant 1",
    ),
    "another column": (
        put("twins", "items", 0, "variants", 1, "cells", 0, 0, value="reference"),
        "the text of variant 1",
    ),
    "variants exchanged": (
        lambda value: value["twins"]["items"][0]["variants"].reverse(),
        "the text of variant 0",
    ),
    "a variant less": (drop("twins", "items", 0, "variants", 0), "variants of item"),
    "items exchanged": (
        lambda value: value["twins"]["items"].reverse(),
        "variants of the items that the seal names",
    ),
    "another seed of the choice": (
        put("twins", "seed", "value", value=OTHER),
        "the seed of the twins that was committed to",
    ),
    "another seed of the order": (
        put("order", "seed", "value", value=OTHER),
        "the seed of the order that was committed to",
    ),
    "another seed of the canaries": (
        put("canaries", "seed", "salt", value=OTHER),
        "the seed of the canaries that was committed to",
    ),
    "another canary": (
        put("canaries", "sets", 0, "variants", 1, "text", value="canary x"),
        "the text 1 of 'canary-1'",
    ),
    "a canary less": (drop("canaries", "sets", 1), "the canaries that the seal names"),
    "a holdback less": (drop("canaries", "sets", 1, "variants", 2), "4 texts of 'canary-2'"),
    "another seal": (put("seal", value=OTHER), "what opens the seal with SHA-256"),
}


@pytest.mark.parametrize(("change", "sentence"), SECRETS.values(), ids=SECRETS.keys())
def test_changed_secrets_open_nothing(
    change: Callable[[dict[str, Any]], object], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(changed(MADE.made.secrets, change))
    with pytest.raises(CommitmentMismatch, match=sentence):
        load_secrets(path, MADE.seal)


def test_unchanged_secrets_open_the_seal(tmp_path: Path) -> None:
    path, public = tmp_path / "secrets.json", tmp_path / "seal.json"
    path.write_bytes(MADE.made.secrets)
    public.write_bytes(MADE.made.seal)
    assert load_secrets(path, load_seal(public)) == MADE.secrets


SEALS = {
    "another commitment": put("twins", "items", 0, "variants", 0, value=OTHER),
    "another seed": put("order", "seed", value=OTHER),
    "another canary": put("canaries", "sets", 0, "variants", 0, value=OTHER),
    "another name": put("name", value="anders"),
    "another time": put("created", value="2020-01-01T00:00:00.000Z"),
    "another data file": put("data", "sha256", value=OTHER),
}


@pytest.mark.parametrize("change", SEALS.values(), ids=SEALS.keys())
def test_a_changed_seal_is_not_the_one_that_the_secrets_open(
    change: Callable[[dict[str, Any]], object],
) -> None:
    seal = parse_seal(changed(MADE.made.seal, change), "seal.json")
    assert seal.sha256 != MADE.seal.sha256
    assert "do not belong together" in next(opening_defects(seal, MADE.secrets))


def test_who_publishes_another_variant_than_the_drawn_one_is_found_out() -> None:
    def take_another(value: dict[str, Any]) -> None:
        item = value["twins"]["items"][0]
        item["published"] = (item["published"] + 1) % len(item["variants"])

    seal = parse_seal(changed(MADE.made.seal, take_another), "seal.json")
    sentences = list(opening_defects(seal, MADE.secrets))
    assert any("that the sealed seed draws to be the published one" in each for each in sentences)


def test_who_commits_to_cells_of_other_columns_than_he_names_is_found_out() -> None:
    seal = parse_seal(changed(MADE.made.seal, put("twins", "columns", 0, value="reference")), "s")
    secrets = replace(MADE.secrets, seal=seal.sha256)
    assert "the text of variant 0" in next(opening_defects(seal, secrets))


MALFORMED = {
    "another schema": put("schema", value="reprollm/seal/2"),
    "a key more": put("note", value="x"),
    "a key less": drop("order"),
    "a short hash": put("data", "sha256", value="00"),
    "a hash in capitals": put("twins", "seed", value="A" * 64),
    "one variant alone": drop("canaries", "sets", 0, "variants", slice(1, None)),
    "a published variant beyond the last": put("twins", "items", 0, "published", value=9),
    "a variant twice": lambda value: value["twins"]["items"][0]["variants"].__setitem__(
        1, value["twins"]["items"][0]["variants"][0]
    ),
    "an item twice": lambda value: value["twins"]["items"].append(value["twins"]["items"][0]),
    "a column that the data lack": put("twins", "columns", value=["quelle"]),
    "no items": put("twins", "items", value=[]),
    "a number for a name": put("name", value=3),
    "a negative count": put("data", "items", value=-1),
    "a delimiter of two characters": put("data", "delimiter", value=", "),
    "a column of ids that the data lack": put("data", "id", value="nr"),
    "an empty object for twins": put("twins", value={}),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_seal_is_refused_by_one_sentence_with_its_place(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(SealInvalid) as refused:
        parse_seal(changed(MADE.made.seal, change), "briefe.seal.json")
    assert "briefe.seal.json" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", MADE.made.seal[:-1], MADE.made.seal[:200],
     MADE.made.seal.replace(b'"created"', b' "created"'), b"[" * 100_000 + b"\n"],
    ids=["empty", "object", "array", "null", "binary", "no line end", "cut off", "spaces", "deep"],
)  # fmt: skip
def test_what_is_no_seal_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_seal(content, "seal.json")
    with pytest.raises(InvalidInput):
        parse_secrets(content, "secrets.json")


def test_a_changed_data_file_is_named() -> None:
    content = MADE.made.data.replace("Türmer".encode(), b"Turmer")
    assert "changed since" in next(hash_defects(MADE.seal, content))


def test_rows_and_columns_that_are_missing_are_named() -> None:
    rows = MADE.table.rows[:-1]
    assert list(data_defects(MADE.seal, Table(MADE.table.columns, rows))) == [
        "expected 6 rows in the data file, found 5"
    ]
    few = Table(MADE.table.columns[:-1], MADE.table.rows)
    assert "found id, source, reference" in next(data_defects(MADE.seal, few))


def test_published_rows_that_the_seeds_do_not_draw_are_named() -> None:
    table = MADE.table
    turned = Table(table.columns, tuple(reversed(table.rows)))
    assert "found another order" in next(drawn_defects(MADE.seal, MADE.secrets, turned))
    other = [{**row, "source": "x"} if row["id"] == "a" else row for row in table.rows]
    [sentence] = drawn_defects(MADE.seal, MADE.secrets, Table(table.columns, tuple(other)))
    assert "item 'a'" in sentence
    without = tuple({**row, "canary": ""} for row in table.rows)
    sentences = list(drawn_defects(MADE.seal, MADE.secrets, Table(table.columns, without)))
    assert len(sentences) == 6 and "'canary-1' in row 1" in sentences[0]


@pytest.mark.parametrize("kind", ["twins", "order", "canaries"])
def test_a_kind_can_be_opened_without_the_others(kind: str) -> None:
    content = secrets_bytes(OPENINGS, only(MADE.secrets, [kind]))
    opened = parse_secrets(content, "openings.json")
    assert [name for name in ("twins", "order", "canaries") if getattr(opened, name)] == [kind]
    assert list(opening_defects(MADE.seal, opened)) == []
    assert list(drawn_defects(MADE.seal, opened, MADE.table)) == []
    if kind != "twins":
        assert "Greis" not in content.decode()


def test_openings_of_what_was_not_sealed_are_named() -> None:
    value = json.loads(MADE.made.seal)
    value["order"] = None
    seal = parse_seal(dumps(value) + b"\n", "seal.json")
    assert any("which were not sealed" in each for each in opening_defects(seal, MADE.secrets))

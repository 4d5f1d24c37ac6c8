"""Whatever the quick way of reading a line returns, the long way returns too."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.building import attempt, plan
from reprollm.canon import Json, Spelled, dumps, loads_object
from reprollm.errors import InvalidInput
from reprollm.records.commitment import Opening, Withheld
from reprollm.records.identity import request_id
from reprollm.records.kinds import check
from reprollm.records.merkle import leaf_hash
from reprollm.records.regular import regular_record
from reprollm.records.regular_openings import regular_openings
from reprollm.records.sealed import Sealed, openings_line

MADE = plan(4)
SEALED = (*MADE.sealed, *attempt(MADE, 0, 4, failing=(2,)))
CHANGES = 4_000
# Where a change is most likely to leave a line that is still JSON.
BYTES = b'\\"{}[],:0129afAF+/= \n\t\x00\x1f\x7fu\xc5\xff'


def opened(item: Sealed) -> bytes:
    return openings_line(leaf_hash(dumps(item.record)).hex(), item.openings)


def read_the_long_way(line: bytes) -> dict[str, Any] | None:
    try:
        record = loads_object(line)
        check(record)
    except InvalidInput:
        return None
    return record


def openings_the_long_way(line: bytes) -> tuple[str, tuple[Opening | Withheld, ...]] | None:
    """Return what stands in an openings line, if it is what would be written for it."""
    import base64

    try:
        value = json.loads(line)
        found: list[Opening | Withheld] = []
        for entry in value["openings"]:
            field, salt = entry["field"], bytes.fromhex(entry["salt"])
            if "text" in entry:
                found.append(Opening(field, salt, entry["text"].encode()))
            elif "base64" in entry:
                found.append(Opening(field, salt, base64.b64decode(entry["base64"])))
            else:
                found.append(Withheld(field, salt))
        written = openings_line(value["leaf"], found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (value["leaf"], tuple(found)) if written == line else None


def changed(line: bytes, chance: random.Random) -> bytes:
    """Return `line` with a byte replaced, dropped or added."""
    place, byte = chance.randrange(len(line)), bytes([chance.choice(BYTES)])
    end = place + chance.choice((0, 1, 1, 1))
    return line[:place] + chance.choice((byte, byte, b"")) + line[end:]


def mutations(lines: list[bytes]) -> Iterator[bytes]:
    chance = random.Random(20261206)
    for _ in range(CHANGES):
        yield changed(chance.choice(lines), chance)


def test_requests_and_generations_are_read_the_quick_way() -> None:
    quick = [item for item in SEALED if item.record["kind"] in ("request", "generation")]
    assert len(quick) == 7
    for item in quick:
        assert regular_record(dumps(item.record)) == item.record
        leaf = leaf_hash(dumps(item.record)).hex()
        assert regular_openings(opened(item)) == (leaf, item.openings)


def test_other_records_are_left_to_the_long_way() -> None:
    others = [item for item in SEALED if item.record["kind"] not in ("request", "generation")]
    assert {item.record["kind"] for item in others} >= {"plan", "start", "end", "failure"}
    assert all(regular_record(dumps(item.record)) is None for item in others)


def test_a_changed_record_is_never_read_otherwise_than_the_long_way_reads_it() -> None:
    lines = [dumps(item.record) for item in SEALED]
    found = [(regular_record(line), read_the_long_way(line)) for line in mutations(lines)]
    assert all(quick is None or quick == long for quick, long in found)
    assert sum(quick is not None for quick, _ in found) > CHANGES // 50


def test_changed_openings_are_never_read_otherwise_than_the_long_way_reads_them() -> None:
    lines = [opened(item) for item in SEALED if item.openings]
    lines += [openings_line("ab" * 32, [Withheld("prompt", bytes(32)), *SEALED[1].openings])]
    found = [(regular_openings(line), openings_the_long_way(line)) for line in mutations(lines)]
    assert all(quick is None or quick == long for quick, long in found)
    assert sum(quick is not None for quick, _ in found) > CHANGES // 50


@given(st.text(), st.none() | st.text(), st.lists(st.text(), max_size=3), st.integers(0, 2**53))
def test_any_names_are_read_as_the_long_way_reads_them(
    item: str, stratum: str | None, few_shot: list[str], index: int
) -> None:
    record = {**MADE.sealed[1].record, "item": item, "stratum": stratum, "few_shot": few_shot}
    line = json.dumps(
        {**record, "index": index}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode("utf-8", "surrogatepass")
    quick = regular_record(line)
    assert quick is None or quick == read_the_long_way(line)


@given(st.text(), st.binary(), st.binary(min_size=32, max_size=32))
def test_any_opened_text_and_bytes_are_read_the_quick_way(
    text: str, value: bytes, salt: bytes
) -> None:
    openings = (
        Opening("output", salt, text.encode("utf-8", "replace")),
        Withheld("prompt", salt),
        Opening("output_ids", salt, value),
    )
    line = openings_line("ab" * 32, openings)
    assert regular_openings(line) == ("ab" * 32, openings)


@pytest.mark.parametrize("settings", ["{\"a\":1.5}", "{\"a\": 1}", "{\"b\":1,\"a\":2}", "{\"a\":" +
                                      "[" * 31 + "]" * 31 + "}"])  # fmt: skip
def test_settings_that_no_record_may_hold_are_left_to_the_long_way(settings: str) -> None:
    line = dumps(MADE.sealed[1].record)
    known = dumps(MADE.sealed[1].record["settings"])
    assert line.count(known) == 1
    odd = line.replace(known, settings.encode())
    assert regular_record(odd) is None


def test_a_request_has_one_id_however_its_settings_and_tokens_were_read() -> None:
    facts: dict[str, Any] = {
        "snapshot": "0" * 64, "tokenizer": "1" * 64, "seed": "0", "repetition": 0,
        "engine": "transformers", "dtype": "float32",
    }  # fmt: skip
    settings: dict[str, Json] = {"temperature": "0", "top_k": 0}
    spelled = Spelled(settings, '{"temperature":"0","top_k":0}')
    ids = request_id(**facts, settings=settings, prompt_ids=[1, 2])
    assert ids == request_id(**facts, settings=spelled, prompt_ids=b"\1\0\0\0\2\0\0\0")
    with pytest.raises(InvalidInput, match="multiple of 4"):
        request_id(**facts, settings=settings, prompt_ids=b"\1\0\0")

from typing import Any

import pytest

from ledger.building import attempt, plan
from reprollm.errors import InvalidInput
from reprollm.records.kinds import COMMITTED, KINDS, check, new

MADE = plan(2)
RECORDS = [item.record for item in (*MADE.sealed, *attempt(MADE, 0, 2, failing=[1]))]
NOTE = new("note", text="x", created="2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["kind"])
def test_a_record_must_have_just_the_fields_of_its_kind(record: dict[str, Any]) -> None:
    check(record)
    for name in record:
        with pytest.raises(InvalidInput):
            check({key: value for key, value in record.items() if key != name})
    with pytest.raises(InvalidInput):
        check({**record, "more": 1})


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["kind"])
def test_a_field_of_another_type_is_refused(record: dict[str, Any]) -> None:
    for name in record:
        with pytest.raises(InvalidInput):
            check({**record, name: 1.5})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created", "2026-01-01 00:00:00"),
        ("created", "2026-01-01T00:00:00Z"),
        ("created", "2026-01-01T00:00:00.000Z\n"),
        ("text", None),
        ("kind", "notes"),
        ("kind", None),
        ("schema", "reprollm/note/2"),
    ],
)
def test_a_malformed_note_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        check({**NOTE, field: value})


@pytest.mark.parametrize("hexadecimal", ["A" * 64, "a" * 63, "a" * 64 + "\n", 5, None])
def test_a_hash_is_64_lower_case_hex_digits(hexadecimal: Any) -> None:
    generation = next(record for record in RECORDS if record["kind"] == "generation")
    with pytest.raises(InvalidInput):
        check({**generation, "result": hexadecimal})


def test_every_committed_field_belongs_to_its_kind() -> None:
    assert all(set(fields) <= KINDS[kind].keys() for kind, fields in COMMITTED.items())

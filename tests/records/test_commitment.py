import pytest

from reprollm.canon import digest
from reprollm.errors import CommitmentMismatch, InvalidInput
from reprollm.records.commitment import Opening, Withheld, check_opening, commit, seal
from reprollm.records.sealed import (
    openings_from_json,
    openings_line,
    parse_openings_line,
    seal_record,
)

SALT = bytes(range(32))


def test_a_commitment_is_a_framed_digest_of_salt_field_and_value() -> None:
    expected = digest("reprollm/commitment/v1", SALT, b"output", b"value")
    assert commit("output", SALT, b"value") == expected


def test_what_was_sealed_opens() -> None:
    commitment, opening = seal("output", b"text")
    check_opening(commitment, opening)


@pytest.mark.parametrize(
    "changed",
    [
        Opening("output", SALT, b"texT"),
        Opening("output", SALT[:-1] + b"\x00", b"text"),
        Opening("prompt", SALT, b"text"),
        Opening("output", SALT, b""),
    ],
)
def test_another_value_salt_or_field_does_not_open(changed: Opening) -> None:
    with pytest.raises(CommitmentMismatch):
        check_opening(commit("output", SALT, b"text"), changed)


def test_equal_values_have_unlike_commitments() -> None:
    assert seal("output", b"yes")[0] != seal("output", b"yes")[0]


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_has_32_bytes(length: int) -> None:
    with pytest.raises(CommitmentMismatch):
        commit("output", bytes(length), b"text")


def test_sealing_a_record_leaves_null_where_there_is_no_value() -> None:
    sealed = seal_record({"kind": "request"}, {"prompt": b"p", "reference": None})
    assert sealed.record["reference"] is None
    assert [opening.field for opening in sealed.openings] == ["prompt"]
    check_opening(sealed.record["prompt"], sealed.openings[0])


OPENINGS = (
    Opening("output", SALT, 'ſ "quoted"\\ \u2028 \x01\n'.encode()),
    Opening("output_ids", SALT, b"\x00\xff"),
)


def test_an_openings_line_is_read_back() -> None:
    assert parse_openings_line(openings_line("ab" * 32, OPENINGS)) == ("ab" * 32, OPENINGS)


def test_an_openings_line_is_canonical_json() -> None:
    from reprollm.canon import dumps, loads

    line = openings_line("ab" * 32, OPENINGS)
    assert dumps(loads(line)) == line


LINE = openings_line("ab" * 32, (Opening("margin", SALT, b"12345678"),))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        LINE + b" ",
        LINE.replace(b'"leaf"', b'"leaf" '),
        LINE.replace(b'"field"', b'"extra":1,"field"'),
        LINE.replace(b'"salt":"00', b'"salt":"0g'),
        LINE.replace(b"0a0b", b"0A0B"),
        LINE.replace(b'"base64":"MTIz', b'"base64":"MT I'),
        LINE.replace(b"base64", b"text"),
        LINE.replace(b'"margin"', b"7"),
        LINE[:-1],
        LINE.replace(b'"openings":[', b'"openings":{'),
    ],
)
def test_an_openings_line_with_any_other_spelling_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_openings_line(line)


@pytest.mark.parametrize(
    "entry",
    [
        {"field": "output", "salt": SALT.hex()},
        {"field": "output", "salt": SALT.hex(), "base64": "aa"},
        {"field": "output", "salt": "00", "text": "x"},
        {"field": "output", "salt": SALT.hex().upper(), "text": "x"},
        {"field": "margin", "salt": SALT.hex(), "base64": "a?"},
        "text",
    ],
)
def test_openings_of_a_journal_are_checked_one_by_one(entry: object) -> None:
    with pytest.raises(InvalidInput):
        openings_from_json([entry])


REDUCED = (Withheld("prompt", SALT), OPENINGS[1])


def test_a_withheld_value_stands_as_field_and_salt() -> None:
    line = openings_line("ab" * 32, REDUCED)
    assert line.startswith(
        b'{"leaf":"' + b"ab" * 32 + b'","openings":[{"field":"prompt","salt":"00010203'
    )
    assert parse_openings_line(line) == ("ab" * 32, REDUCED)


SALT_LINE = openings_line("ab" * 32, (Withheld("output", SALT),))


@pytest.mark.parametrize(
    "line",
    [
        SALT_LINE.replace(b'"salt":"0001', b'"salt":"01'),
        SALT_LINE.replace(b'"salt":"00', b'"salt":"0000'),
        SALT_LINE.replace(b"0a0b", b"0A0B"),
        SALT_LINE.replace(b'"field":"output",', b""),
        SALT_LINE.replace(b'"field":"output"', b'"text":"output"'),
        SALT_LINE.replace(b"}]", b',"text":null}]'),
        SALT_LINE.replace(b'"output"', b"null"),
        SALT_LINE.replace(b'{"field"', b'{ "field"'),
    ],
)
def test_a_given_salt_with_any_other_spelling_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_openings_line(line)

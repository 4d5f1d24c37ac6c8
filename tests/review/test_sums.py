"""`SHA256SUMS` and the note over it are read in one spelling alone."""

from __future__ import annotations

import base64

import pytest

from reprollm.bundles.statement import body
from reprollm.errors import FileChanged
from reprollm.records.checkpoint import Checkpoint
from reprollm.review.sums import parse_note, parse_sums
from reprollm.signing import note
from reprollm.signing.note_key import new_signing_key

A, B = "aa" * 32, "bb" * 32
CHECKPOINT = Checkpoint("reprollm/test/0123456789abcdef", 47, bytes(range(32)))
TEXT = body(CHECKPOINT, b"the list")


def test_a_list_gives_each_path_its_digest() -> None:
    assert parse_sums(f"{A}  README.md\n{B}  ledger/a b.jsonl\n".encode()) == {
        "README.md": A,
        "ledger/a b.jsonl": B,
    }


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "lines that end"),
        (f"{A}  README.md".encode(), "lines that end"),
        (f"{A} README.md\n".encode(), "a digest and a path"),
        (f"{A} *README.md\n".encode(), "a digest and a path"),
        (f"{A.upper()}  README.md\n".encode(), "a digest and a path"),
        (f"{A}  b\n{A}  a\n".encode(), "sorted paths"),
        (f"{A}  a\n{B}  a\n".encode(), "each once"),
        (f"{A}  SHA256SUMS\n".encode(), "sorted paths"),
        (f"{A}  ../a\n".encode(), "plain paths"),
        (f"{A}  /a\n".encode(), "plain paths"),
        (f"{A}  a\r\n".encode(), "plain paths"),
        (f"{A}  a\n\n".encode(), "a digest and a path"),
        (f"{A}  \xff\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_another_spelling_of_a_list_is_refused(content: bytes, named: str) -> None:
    with pytest.raises(FileChanged, match=named):
        parse_sums(content)


def test_a_note_says_which_log_and_which_list() -> None:
    plain = parse_note(TEXT.encode())
    assert (plain.origin, plain.size, plain.root) == (
        CHECKPOINT.origin,
        CHECKPOINT.size,
        CHECKPOINT.root,
    )
    assert not plain.signed
    signed = parse_note(note.sign(TEXT, new_signing_key("a")).content().encode())
    assert signed.signed
    assert (signed.text, signed.sums) == (TEXT, plain.sums)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("v1", "v2"),
        TEXT.replace("47 ", "047 "),
        TEXT.replace("47 ", "47  "),
        TEXT.replace("47 ", "-1 "),
        TEXT[:-1],
        TEXT + "more\n",
        TEXT.replace("reprollm/test/0123456789abcdef", ""),
        TEXT.replace(base64.b64encode(CHECKPOINT.root).decode(), "A" * 43),
        TEXT.replace("8=", "9="),
        TEXT.rstrip("\n")[:-1] + "\n",
    ],
)
def test_another_spelling_of_a_note_is_refused(content: str) -> None:
    assert content != TEXT
    with pytest.raises(FileChanged):
        parse_note(content.encode())

"""The YAML subset of `experiment.yaml`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.document import MAX_BYTES, read_document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "experiment.yaml"


def test_values_are_those_of_yaml_1_2_and_remember_their_lines(file: Path) -> None:
    file.write_text('a: yes\nb: [1, true, null]\nc:\n  d: "\\n"\nclock: 2026-01-01T00:00:00Z\n')
    document = read_document(file)
    assert document.value == {
        "a": "yes",
        "b": (1, True, None),
        "c": {"d": "\n"},
        "clock": "2026-01-01T00:00:00Z",
    }
    assert document.line(("c", "d")) == 4
    assert document.line(("c", "missing")) == 3


@pytest.mark.parametrize("written", ["0.80", "0.8", "1.0", "0.10000000000000000001"])
def test_decimals_stay_as_they_are_written(file: Path, written: str) -> None:
    file.write_text(f"temperature: {written}\n")
    value = read_document(file).value["temperature"]
    assert isinstance(value, Decimal)
    assert str(value) == written


REFUSED = {
    "an empty file": ("", "found an empty file"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "found 'a' again in line 3"),
    "an alias": ("a: &x [1]\nb: *x\n", "no anchors or aliases"),
    "a bomb of aliases": (
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        "no anchors or aliases",
    ),
    "a tag": ("a: !!python/object:os.system 1\n", "expected no tags"),
    "a second document": ("a: 1\n---\nb: 2\n", "found another in line 2"),
    "deep nesting": ("[" * 200_000, "nested levels"),
    "unclosed brackets": ("a: [1\nb: 2\n", "line 2"),
    "a tab for an indent": ("a:\n\tb: 1\n", "line 2"),
    "an exponent": ("a: 1e3\n", "found 1e3"),
    "infinity": ("a: .inf\n", "found .inf"),
    "an octal number": ("a: 0o17\n", "found 0o17"),
    "a number with a leading zero": ("a: 017\n", "found 017"),
    "a number beyond 64 bits": ("a: 99999999999999999999\n", "quote it"),
    "YAML 1.1": ("%YAML 1.1\n---\na: yes\n", "expected YAML 1.2"),
    "a control character": ("a: \x07\n", "expected YAML"),
    "a mapping as a key": ("? {a: 1}\n: 2\n", "expected a plain key"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_of_the_subset_is_refused(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    with pytest.raises(ExperimentInvalid) as refused:
        read_document(file)
    assert sentence in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_encodings_are_refused_with_the_offset(file: Path) -> None:
    file.write_bytes("title: Größe\n".encode("cp1252"))
    with pytest.raises(ExperimentInvalid, match="byte 0xf6 at offset 9"):
        read_document(file)


def test_a_large_file_is_refused_unread(file: Path) -> None:
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ExperimentInvalid, match="at most 1000000 bytes"):
        read_document(file)


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(ExperimentInvalid, match="No such file"):
        read_document(file)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    try:
        assert read_document(file).content == content
    except ExperimentInvalid as refused:
        assert "\n" not in str(refused)

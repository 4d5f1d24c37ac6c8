"""The stand-alone verifier's own reading of JSON, archives and texts."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from ledger.building import attempt, plan
from reprollm.canon import dumps
from reprollm.errors import ReprollmError
from reprollm.publish.order import Published
from reprollm.records.kinds import KINDS, check
from reprollm.records.merkle import Frontier, leaf_hash
from reprollm.records.sealed import Sealed, openings_line
from reprollm.review import verify
from reprollm.review.unpacked import unpack
from review.forging import Log, bundle, honest
from review.test_verify_py import defects, judged, run

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    line = rfc8785.dumps(value)
    assert verify.loads(line) == value
    assert verify.dumps(value) == line


@given(JSON)
def test_no_other_spelling_is_accepted(value: Any) -> None:
    line = rfc8785.dumps(value)
    spelled = json.dumps(value, indent=1, ensure_ascii=True).encode()
    if spelled != line:
        with pytest.raises(verify.Defect):
            verify.loads(spelled)
    with pytest.raises(verify.Defect):
        verify.loads(line + b" ")


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"A":1}', b"1.0", b"1e3", b"NaN", b"-0", b"01",
        b"9007199254740992", b'"\\u0041"', b'"\\/"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b"{} ",
        b"[" * 33 + b"]" * 33, b'"\\u001F"', b"",
    ],
)  # fmt: skip
def test_a_line_outside_the_subset_is_refused(line: bytes) -> None:
    with pytest.raises(verify.Defect) as caught:
        verify.loads(line)
    assert caught.value.name == "NotCanonical"


def test_the_kinds_are_those_of_the_package() -> None:
    assert {kind: set(fields) for kind, fields in verify.KINDS.items()} == {
        kind: set(fields) for kind, fields in KINDS.items()
    }


def _records() -> list[Sealed]:
    made = plan(3)
    return [*made.sealed, *attempt(made, 0, 3, failing=[2])]


@pytest.mark.parametrize("sealed", _records(), ids=lambda item: str(item.record["kind"]))
def test_each_field_is_judged_as_the_package_judges_it(sealed: Sealed) -> None:
    for name in sealed.record:
        for value in (None, True, 0, -1, "", "x", "0" * 64, "0" * 32, [], [1], {}, {"a": 1}):
            record = {**sealed.record, name: value}
            assert _accepts(check, record) == _accepts(verify.check_record, record), (name, value)


def _accepts(judge: Callable[[dict[str, Any]], object], record: dict[str, Any]) -> bool:
    try:
        judge(record)
    except (ReprollmError, verify.Defect):
        return False
    return True


# The quick patterns may accept nothing that the parser would not.

REQUEST = next(item for item in _records() if item.record["kind"] == "request")
GENERATION = next(item for item in _records() if item.record["kind"] == "generation")


@settings(max_examples=300)
@given(st.data())
def test_a_pattern_matches_only_what_the_parser_accepts(data: st.DataObject) -> None:
    sealed, pattern = data.draw(
        st.sampled_from([(REQUEST, verify._REQUEST), (GENERATION, verify._GENERATION)])
    )
    record = dict(sealed.record)
    if sealed is REQUEST:
        record |= {"item": data.draw(TEXT), "stratum": data.draw(st.none() | TEXT)}
        record["few_shot"] = data.draw(st.lists(TEXT, max_size=3))
    line = bytearray(dumps(record))
    assert pattern.fullmatch(line)
    for _ in range(data.draw(st.integers(0, 2))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    match = pattern.fullmatch(bytes(line))
    if match and verify._is_utf8([bytes(line)]):
        settings_text = match[12] if sealed is REQUEST else b"{}"
        if settings_text in (dumps(record.get("settings", {})), b"{}"):
            assert verify.check_record(verify.loads_object(bytes(line))) == record["kind"]


@given(st.data())
def test_openings_in_any_other_spelling_are_refused(data: st.DataObject) -> None:
    sealed = data.draw(st.sampled_from([REQUEST, GENERATION]))
    leaf = leaf_hash(dumps(sealed.record))
    line = bytearray(openings_line(leaf.hex(), sealed.openings))
    fields = verify.COMMITTED[sealed.record["kind"]]
    commitments = {name.encode(): (sealed.record[name] or "").encode() for name in fields}
    found, salted = verify.check_openings(bytes(line), dict(commitments))
    assert {name.decode(): value for name, value in found.items()} == {
        opening.field: opening.value for opening in sealed.openings
    }
    assert salted == 0
    place = data.draw(st.integers(87, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((verify.Defect, UnicodeDecodeError)):
        if verify._is_utf8([bytes(line)]):
            verify.check_openings(bytes(line), dict(commitments))
        else:
            raise verify.Defect("CommitmentMismatch", "expected openings in UTF-8")


@pytest.mark.parametrize(
    "entries",
    ["", '{"field":"output","salt":"00"}', '{"field":"output"}', '{"field":"plan","salt":"%s"}',
     '{"base64":"AAAA","field":"output","salt":"%s","text":"x"}', '{"field":"output","salt":"%s"},',
     '{"field":"output","salt":"%s"},{"field":"output","salt":"%s"}',
     '{"base64":"AAA=","field":"margins","salt":"%s"}', '{"field":"margins","salt":"%s","text":""}',
     '{"base64":"AB==","field":"margins","salt":"%s"}',
     '{"base64":"","field":"output","salt":"%s"}',
     ],
)  # fmt: skip
def test_odd_openings_are_refused(entries: str) -> None:
    line = f'{{"leaf":"{"0" * 64}","openings":[{entries.replace("%s", "0" * 64)}]}}'
    commitments = {name: b"0" * 64 for name in (b"output", b"margins")}
    with pytest.raises(verify.Defect):
        verify.check_openings(line.encode(), commitments)


def test_a_salt_without_its_text_counts_as_withheld() -> None:
    line = f'{{"leaf":"{"0" * 64}","openings":[{{"field":"output","salt":"{"1" * 64}"}}]}}'
    assert verify.check_openings(line.encode(), {b"output": b"0" * 64}) == ({}, 1)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_tree_is_that_of_the_package(lines: list[bytes]) -> None:
    own, other = verify.Tree(), Frontier()
    for line in lines:
        own.extend((leaf_hash(line),))
        other.append(leaf_hash(line))
    assert (own.size, own.root(), own.roots) == (other.size, other.root(), other.roots)


@given(st.text("abſ😀 ", max_size=90), st.text("abſ😀 ", max_size=90))
def test_the_distance_of_texts_is_levenshteins(one: str, other: str) -> None:
    assert verify.levenshtein(one, other) == Levenshtein.distance(one, other)


@given(st.text())
def test_no_text_keeps_a_character_that_acts(text: str) -> None:
    shown = verify.safe(text, 10_000)
    assert shown.isprintable()
    shown.encode("utf-8")


# Archives.


def _archive(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return content.getvalue()


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def _patched(archive: bytes, old: bytes, new: bytes, times: int = -1) -> bytes:
    assert old in archive and len(old) == len(new)
    return archive.replace(old, new, times)


A, B = ("a.txt", b"first"), ("b.txt", b"second")
PLAIN = _archive(A, B)
_AT = PLAIN.index(b"PK\x01\x02")
HOSTILE = {
    "a path that leads out": _archive(("../a.txt", b"x")),
    "a path that leads out inside": _archive(("a/../../b.txt", b"x")),
    "an absolute path": _archive(("/etc/passwd", b"x")),
    "a drive letter": _patched(_archive(("c/evil.txt", b"x")), b"c/evil.txt", b"c:evil.txt"),
    "a backslash": _patched(_archive(("a/b.txt", b"x")), b"a/b.txt", b"a\\b.txt"),
    "a control character": _patched(PLAIN, b"a.txt", b"a\x07txt"),
    "a link": _archive((_link("a.txt"), b"/etc/passwd")),
    "a name twice": _patched(PLAIN, b"b.txt", b"a.txt"),
    "a name twice but for case": _patched(PLAIN, b"b.txt", b"A.TXT"),
    "a file and a folder of one name": _archive(("a", b"x"), ("a/b", b"y")),
    "a folder with content": _patched(_archive(("abcde", b"x")), b"abcde", b"abcd/"),
    "a name that is not UTF-8": _patched(PLAIN, b"b.txt", b"b.t\xff\xfe"),
    "an encrypted file": _patched(PLAIN, b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"),
    "an unknown compression": _patched(
        PLAIN, b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x0c"
    ),
    "a bomb": _archive(("a.txt", bytes(4_000_000)), method=zipfile.ZIP_DEFLATED),
    "data before the archive": b"#!/bin/sh\n" + PLAIN,
    "data behind the archive": PLAIN + b"x",
    "a comment": PLAIN[:-2] + struct.pack("<H", 4) + b"evil",
    "data between the files": PLAIN[:_AT] + b"hidden" + PLAIN[_AT:],
    "other sizes in the two headers": _patched(
        PLAIN, b"\x05\0\0\0\x05\0\0\0", b"\x05\0\0\0\x04\0\0\0", 1
    ),
    "another name in front of the file": _patched(PLAIN, b"a.txt", b"c.txt", 1),
    "a directory cut off": PLAIN[:_AT] + PLAIN[_AT + 20 :],
    "half an archive": PLAIN[: len(PLAIN) // 2],
    "overlapping files": _patched(
        PLAIN, struct.pack("<L", PLAIN.index(b"PK\x03\x04", 4)) + b"b.txt", bytes(4) + b"b.txt"
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_archive_is_refused(attack: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(HOSTILE[attack])
    if HOSTILE[attack].startswith(b"PK"):
        assert defects(judged(path)) == {(0, "ArchiveRefused")}
    done = run(path)
    assert done.returncode == (10 if HOSTILE[attack].startswith(b"PK") else 3)
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("attack", HOSTILE)
def test_the_package_refuses_the_same_archives(attack: str, tmp_path: Path) -> None:
    path, into = tmp_path / "bundle.zip", tmp_path / "into"
    path.write_bytes(HOSTILE[attack])
    into.mkdir()
    with pytest.raises(ReprollmError):
        unpack(path, into)


def test_a_checksum_in_an_archive_must_be_that_of_the_file(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "bundle", honest())
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    members = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in names]
    archive = _archive(*members)
    crc = struct.pack("<L", zlib.crc32((folder / "bundle.note").read_bytes()))
    path = tmp_path / "bundle.zip"
    path.write_bytes(archive)
    assert judged(path).problems == []
    path.write_bytes(archive.replace(crc, b"\0\0\0\0"))
    assert (0, "FileChanged") in defects(judged(path))


def test_a_bundle_that_was_packed_anew_still_holds(
    published_once: Published, unpacked_once: Path, tmp_path: Path
) -> None:
    before = judged(published_once.path).to_json()
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as file:
            for place in sorted(unpacked_once.rglob("*")):
                file.write(place, place.relative_to(unpacked_once).as_posix())
        assert judged(path).to_json() == before


def test_an_archive_written_to_a_pipe_still_holds(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    log: Log = honest()
    folder, pipe = bundle(tmp_path / "bundle", log), Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        for place in sorted(folder.rglob("*")):
            if place.is_file():
                file.writestr(place.relative_to(folder).as_posix(), place.read_bytes())
    path = tmp_path / "bundle.zip"
    path.write_bytes(bytes(pipe.content))
    assert judged(path).problems == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_changed_byte_of_an_archive_makes_a_traceback(data: st.DataObject) -> None:
    archive = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(2, len(archive) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(archive)
        file.flush()
        try:
            source = verify.read_zip(file.name)
            for name in source.sizes:
                list(source.chunks(name))
        except verify.Defect as error:
            assert error.name in ("ArchiveRefused", "FileChanged")

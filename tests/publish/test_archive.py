"""The zip of a bundle: the same bytes for the same members, whole or not at all."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from reprollm.bundles.members import Measured, Member, measure
from reprollm.errors import Busy, InvalidInput, StorageFailed
from reprollm.publish.archive import write_archive

MEMBERS = [
    measure(Member(path, content))
    for path, content in (("b/ü.txt", b"2"), ("b.txt", b"1" * 3000), ("A.txt", b""))
]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_members_are_stored_in_the_order_of_their_bytes_without_anything_of_the_machine(
    tmp_path: Path,
) -> None:
    assert write_archive(tmp_path / "a.zip", MEMBERS, replace=False)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = archive.infolist()
        assert archive.comment == b""
    assert [info.filename for info in infos] == ["A.txt", "b.txt", "b/ü.txt"]
    for info in infos:
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert info.compress_type == zipfile.ZIP_STORED
        assert (info.create_system, info.external_attr >> 16) == (3, 0o100644)
        assert (info.extra, info.comment) == (b"", b"")
        assert info.flag_bits == (0x800 if info.filename == "b/ü.txt" else 0)


def test_the_same_members_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", MEMBERS, replace=False)
    write_archive(tmp_path / "b.zip", MEMBERS[::-1], replace=False)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_only_a_large_member_has_the_zip64_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 2 GiB are not written here: the limit above which zipfile writes the field is lowered.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2000)
    write_archive(tmp_path / "a.zip", MEMBERS, replace=False)
    content = (tmp_path / "a.zip").read_bytes()
    fields = {}
    at = 0
    while content[at : at + 4] == b"PK\x03\x04":
        version = struct.unpack_from("<H", content, at + 4)[0]
        packed, name, extra = struct.unpack_from("<L4xHH", content, at + 18)
        header = at + 30 + name
        if extra:
            packed = struct.unpack_from("<Q", content, header + 12)[0]
        fields[content[at + 30 : header]] = (
            version,
            content[header : header + 2] if extra else b"",
        )
        at = header + extra + packed
    assert fields == {
        b"A.txt": (20, b""),
        b"b.txt": (45, b"\x01\x00"),
        "b/ü.txt".encode(): (20, b""),
    }


def test_an_archive_that_stands_there_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_archive(path, MEMBERS, replace=False)
    before = path.stat()
    assert not write_archive(path, MEMBERS, replace=False)
    assert path.stat() == before
    assert left_in(tmp_path) == ["a.zip"]


def test_another_file_is_replaced_only_when_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"my thesis")
    with pytest.raises(InvalidInput, match=r"expected no other file at .*a.zip.*--replace"):
        write_archive(path, MEMBERS, replace=False)
    assert path.read_bytes() == b"my thesis"
    assert write_archive(path, MEMBERS, replace=True)
    assert zipfile.is_zipfile(path)
    assert left_in(tmp_path) == ["a.zip"]


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.zip").mkdir()
    with pytest.raises(InvalidInput, match="expected no other file"):
        write_archive(tmp_path / "a.zip", MEMBERS, replace=True)
    assert left_in(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("content", [b"other", b"sam", b"longer by some bytes"])
def test_a_file_that_changed_after_it_was_measured_stops_the_archive(
    tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"equal")
    member = measure(Member("file", source))
    source.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(Busy, match="expected file to stay as it was"):
        write_archive(tmp_path / "out" / "a.zip", [member], replace=False)
    assert left_in(tmp_path / "out") == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match=r"could not write .*a.zip"):
        write_archive(tmp_path / "file" / "a.zip", MEMBERS, replace=False)


def test_a_missing_member_is_told_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"could not read .*nothing"):
        measure(Member("a", tmp_path / "nothing"))


def test_a_measured_member_has_the_digests_of_its_bytes() -> None:
    found = measure(Member("a", b"abc"))
    assert found == Measured(
        Member("a", b"abc"),
        3,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        0x352441C2,
    )


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["../a"], "leads out of the folder"),
        (["/a"], "absolute"),
        (["a\\b"], "backslash"),
        (["a/Data.csv", "a/data.csv"], "differ on every file system"),
        (["a/\u00fc", "a/u\u0308"], "differ on every file system"),
    ],
)
def test_a_path_that_a_reader_would_refuse_is_not_written(
    tmp_path: Path, paths: list[str], message: str
) -> None:
    members = [measure(Member(path, b"")) for path in paths]
    with pytest.raises(InvalidInput, match=message):
        write_archive(tmp_path / "a.zip", members, replace=False)
    assert left_in(tmp_path) == []

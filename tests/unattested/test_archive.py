import io
import struct
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from reprollm.errors import InvalidInput
from reprollm.unattested import outside
from reprollm.unattested.archive import opened
from unattested.logs import EVAL, zip_of


def read(path: Path, name: str = "a.json") -> bytes:
    with opened(path) as found:
        return found.read(name)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def patched(content: bytes, local: int, central: int, value: bytes) -> bytes:
    """Return a zip of one member with the same field changed in both of its headers."""
    changed = bytearray(content)
    at = content.index(b"PK\x01\x02")
    changed[local : local + len(value)] = value
    changed[at + central : at + central + len(value)] = value
    return bytes(changed)


def zstandard(content: bytes, stated: int | None = None) -> bytes:
    """Return a zip whose member is two Zstandard frames, as inspect_ai writes long ones."""
    half = len(content) // 2
    frames = b"".join(
        pa.compress(part, codec="zstd", asbytes=True) for part in (content[:half], content[half:])
    )
    made = zip_of("a.json", frames)
    sizes = struct.pack(
        "<LLL", zlib.crc32(content), len(frames), len(content) if stated is None else stated
    )
    return patched(patched(made, 8, 10, struct.pack("<H", 93)), 14, 16, sizes)


def test_the_members_of_a_real_log_are_read() -> None:
    with opened(EVAL) as found:
        assert "header.json" in found.names()
        assert found.read("header.json").startswith(b"{")


def test_several_frames_of_zstandard_are_one_member(tmp_path: Path) -> None:
    content = b'{"a": 1}' * 1000
    assert read(write(tmp_path / "x.zip", zstandard(content))) == content


@pytest.mark.parametrize("stated", [0, 1, 7_999, 8_001])
def test_a_member_of_another_size_than_stated_is_refused(tmp_path: Path, stated: int) -> None:
    with pytest.raises(InvalidInput, match="size and checksum"):
        read(write(tmp_path / "x.zip", zstandard(b'{"a": 1}' * 1000, stated)))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.json", bytes(40_000_000))
    content = made.getvalue()
    with pytest.raises(InvalidInput, match="more than 1000 to 1"):
        read(write(tmp_path / "x.zip", content))
    honest = patched(content, 22, 24, struct.pack("<L", 1000))
    with pytest.raises(InvalidInput, match="size and checksum"):
        read(write(tmp_path / "x.zip", honest))


def test_a_member_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    content = patched(zip_of("a.json", b"{}"), 22, 24, struct.pack("<L", 2**31))
    with pytest.raises(InvalidInput, match="expected at most"):
        read(write(tmp_path / "x.zip", content))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda zip_: patched(zip_, 6, 8, b"\x01\x00"), "encrypted"),
        (lambda zip_: patched(zip_, 8, 10, struct.pack("<H", 14)), "compressed by method 14"),
        (lambda zip_: patched(zip_, 8, 10, struct.pack("<H", 93)), "could not decompress"),
        (lambda zip_: patched(zip_, 8, 10, struct.pack("<H", 8)), "size and checksum"),
        (
            lambda zip_: patched(zip_, 8, 10, b"\x08\0").replace(b"{}", b"~~"),
            "could not decompress",
        ),
        (lambda zip_: zip_.replace(b"{}", b"[]"), "size and checksum"),
        (lambda zip_: b"JUNK" + zip_[4:], "where the directory says"),
        (lambda zip_: zip_[:20], "no directory at its end"),
        (lambda zip_: b"", "no directory at its end"),
    ],
)
def test_a_damaged_archive_is_refused_in_a_sentence(tmp_path: Path, change, words) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(write(tmp_path / "x.zip", change(zip_of("a.json", b"{}"))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("a.json", b"{}")
        file.writestr("a.json", b"[]")
    with pytest.raises(InvalidInput, match="each name once"):
        read(tmp_path / "x.zip")


def test_a_directory_beyond_reason_is_refused_before_it_is_read(tmp_path: Path) -> None:
    content = zip_of("a.json", b"{}")
    at = content.index(b"PK\x05\x06")
    huge = content[: at + 12] + struct.pack("<L", 2**30) + content[at + 16 :]
    with pytest.raises(InvalidInput, match="bytes of directory"):
        read(write(tmp_path / "x.zip", huge))
    end = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, at, 1)
    with pytest.raises(InvalidInput, match="bytes of directory"):
        read(write(tmp_path / "x.zip", content[:at] + end + locator + content[at:]))


def test_paths_that_lead_out_are_names_and_nothing_is_written(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write(inside / "x.zip", zip_of("../../etc/a.json", b"{}"))
    assert read(path, "../../etc/a.json") == b"{}"
    assert [found.name for found in tmp_path.rglob("*")] == ["inside", "x.zip"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such member"):
        read(write(tmp_path / "x.zip", zip_of("b.json", b"{}")))
    with pytest.raises(InvalidInput, match="could not read"):
        read(tmp_path / "nothing.zip")


def test_a_file_beyond_the_limit_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "MAX_FILE_BYTES", 10)
    with pytest.raises(InvalidInput, match="at most 10 bytes"):
        outside.describe(write(tmp_path / "x.zip", bytes(11)))

"""A zip is taken apart so that it has one reading; a folder, so that it holds nothing but files."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from reprollm.errors import ArchiveRefused, InvalidInput
from reprollm.review.unpacked import is_needed, scan, unpack

FILES = {"README.md": b"# A page\n", "ledger/log/1.checkpoint": b"x" * 3000, "empty.txt": b""}
DIGESTS = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


class Pipe(io.RawIOBase):
    """A file that cannot seek, so that sizes stand behind each member."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.content += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


def packed(method: int = zipfile.ZIP_STORED, *, large: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for path, content in FILES.items():
            with archive.open(zipfile.ZipInfo(path), "w", force_zip64=large) as member:
                member.write(content)
    return out.getvalue()


def streamed() -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in FILES.items():
            archive.writestr(path, content)
    return pipe.content


@pytest.mark.parametrize(
    "archive",
    [packed(), packed(zipfile.ZIP_DEFLATED), packed(large=True), streamed()],
    ids=["stored", "deflated", "zip64", "streamed"],
)
def test_files_come_out_of_every_plain_archive_as_they_went_in(
    archive: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.zip").write_bytes(archive)
    into = tmp_path / "into"
    into.mkdir()
    found = unpack(tmp_path / "a.zip", into)
    assert (found.digests, found.damaged) == (DIGESTS, ())
    assert {path: (into / path).read_bytes() for path in FILES} == FILES
    assert scan(into).digests == DIGESTS


def test_what_is_not_read_again_is_hashed_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed())
    into = tmp_path / "into"
    into.mkdir()
    assert unpack(tmp_path / "a.zip", into, keep=is_needed).digests == DIGESTS
    assert [path.name for path in into.rglob("*") if path.is_file()] == ["1.checkpoint"]


def test_a_changed_byte_names_its_file(tmp_path: Path) -> None:
    archive = packed()
    at = archive.index(b"# A page")
    (tmp_path / "a.zip").write_bytes(archive[:at] + b"$" + archive[at + 1 :])
    found = unpack(tmp_path / "a.zip", tmp_path)
    assert [type(error).__name__ for error in found.damaged] == ["FileChanged"]
    assert "README.md" in str(found.damaged[0])


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_an_archive_cut_off_anywhere_is_refused(at: int, tmp_path: Path) -> None:
    archive = packed()
    (tmp_path / "a.zip").write_bytes(archive[: len(archive) - 1 - at])
    with pytest.raises((ArchiveRefused, InvalidInput)):
        unpack(tmp_path / "a.zip", tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        unpack(tmp_path / "none.zip", tmp_path)


def test_a_folder_with_a_link_a_pipe_or_a_hidden_character_is_refused(tmp_path: Path) -> None:
    for number, make in enumerate(
        (
            lambda folder: (folder / "link").symlink_to("/etc/hostname"),
            lambda folder: (folder / "loop").symlink_to(folder),
            lambda folder: os.mkfifo(folder / "pipe"),
            lambda folder: (folder / "bell\a.txt").write_bytes(b""),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder)
        with pytest.raises(ArchiveRefused):
            scan(folder)

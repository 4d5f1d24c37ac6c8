"""Hashes equal hashlib's, however bytes fall into buffers; changes during hashing are seen."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprollm.errors import SnapshotChanged
from reprollm.snapshot import hashing
from reprollm.snapshot.chunks import Job
from reprollm.snapshot.files import Stamp
from reprollm.snapshot.hashing import BUFFER_BYTES, hash_files


def job(path: Path, *spans: tuple[int, int], git: bool = False) -> Job:
    return Job(path.name, path, Stamp.of(path.stat()), spans, git)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("buffers", [0, 1, 9])
def test_hashes_are_those_of_hashlib_at_every_buffer_border(
    buffers: int, extra: int, tmp_path: Path
) -> None:
    size = max(0, buffers * BUFFER_BYTES + extra)
    content = os.urandom(size)
    path = tmp_path / "weights"
    path.write_bytes(content)
    middle = size // 3
    spans = [(0, middle), (middle, middle), (middle, size)] if size else []
    progress: list[int] = []
    (hashed,) = hash_files([job(path, *spans, git=True)], progress.append)
    assert hashed.sha256 == hashlib.sha256(content).hexdigest()
    assert hashed.git_blob == hashlib.sha1(b"blob %d\0" % size + content).hexdigest()
    assert hashed.spans == tuple(hashlib.sha256(content[a:b]).digest() for a, b in spans)
    assert sum(progress) == size


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cuts=st.lists(st.integers(0, 300), max_size=12), size=st.integers(1, 300))
def test_spans_of_any_length_are_hashed_apart(
    cuts: list[int], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "BUFFER_BYTES", 16)
    content = os.urandom(size)
    path = tmp_path / "weights"
    path.write_bytes(content)
    ends = sorted({min(cut, size) for cut in cuts} | {size})
    spans = [(first, last) for first, last in zip([0, *ends], ends, strict=False)]
    (hashed,) = hash_files([job(path, *spans)])
    assert hashed.sha256 == hashlib.sha256(content).hexdigest()
    assert hashed.spans == tuple(hashlib.sha256(content[a:b]).digest() for a, b in spans)


def test_many_files_keep_their_order(tmp_path: Path) -> None:
    jobs = []
    for number in range(40):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * (number * 977))
        jobs.append(job(path, (0, number * 977)) if number % 2 else job(path))
    assert [hashed.sha256 for hashed in hash_files(jobs)] == [
        hashlib.sha256(task.path.read_bytes()).hexdigest() for task in jobs
    ]


def test_a_file_changed_since_it_was_listed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"before")
    listed = job(path)
    path.write_bytes(b"after!")
    with pytest.raises(SnapshotChanged, match="expected weights to stay"):
        hash_files([listed])


@pytest.mark.parametrize("action", ["grow", "shrink", "write"])
def test_a_file_changed_while_it_is_hashed_is_refused(action: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    size = 12 * BUFFER_BYTES
    path.write_bytes(bytes(size))

    def meddle(count: int) -> None:
        if action == "shrink":
            os.truncate(path, BUFFER_BYTES)
        else:
            with path.open("r+b") as file:
                file.seek(size if action == "grow" else 0)
                file.write(b"x")

    with pytest.raises(SnapshotChanged, match="expected weights to stay"):
        hash_files([job(path, (0, size))], meddle)


def test_a_file_gone_since_it_was_listed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x")
    listed = job(path)
    path.unlink()
    with pytest.raises(SnapshotChanged, match="found it gone"):
        hash_files([listed, *[listed] * 5])

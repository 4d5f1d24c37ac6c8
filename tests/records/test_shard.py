import hashlib
import os
import stat
from pathlib import Path

import pytest

from ledger.building import attempt, plan
from reprollm.canon import dumps
from reprollm.errors import InvalidInput, StorageFailed
from reprollm.records.merkle import leaf_hash
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_lines, read_openings, write_once

MADE = plan(2)
GROUP = "run-0123456789abcdef/00000000-00000002"


def test_a_shard_is_named_by_its_bytes_and_holds_canonical_lines(tmp_path: Path) -> None:
    sealed = attempt(MADE, 0, 2)
    reference = publish(tmp_path, GROUP, sealed)
    path = reference.path(tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == reference.sha256 == path.stem
    assert list(read_lines(path)) == [dumps(item.record) for item in sealed]
    assert reference.records == len(sealed)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_openings_lie_beside_the_shard_and_are_found_by_leaf(tmp_path: Path) -> None:
    sealed = attempt(MADE, 0, 2)
    reference = publish(tmp_path, GROUP, sealed)
    found = read_openings(reference.openings_path(tmp_path))
    with_openings = [item for item in sealed if item.openings]
    assert list(found) == [leaf_hash(dumps(item.record)).hex() for item in with_openings]
    assert [tuple(openings.values()) for openings in found.values()] == [
        item.openings for item in with_openings
    ]


def test_a_shard_without_commitments_has_no_openings_file(tmp_path: Path) -> None:
    reference = publish(tmp_path, GROUP, [attempt(MADE, 0, 2)[0]])
    assert not reference.openings_path(tmp_path).exists()
    assert read_openings(reference.openings_path(tmp_path)) == {}


def test_publishing_the_same_records_again_changes_nothing(tmp_path: Path) -> None:
    sealed = attempt(MADE, 0, 2)
    first = publish(tmp_path, GROUP, sealed)
    before = first.path(tmp_path).stat()
    assert publish(tmp_path, GROUP, sealed) == first
    assert first.path(tmp_path).stat().st_mtime_ns == before.st_mtime_ns
    assert [p.name for p in first.path(tmp_path).parent.iterdir()] == [f"{first.sha256}.jsonl"]


def test_a_malformed_record_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        publish(tmp_path, GROUP, [Sealed({"kind": "generation"})])
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    assert write_once(tmp_path / "folder" / "file", b"first")
    assert not write_once(tmp_path / "folder" / "file", b"second")
    assert (tmp_path / "folder" / "file").read_bytes() == b"first"


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="nothing there was changed"):
        publish(tmp_path, GROUP, attempt(MADE, 0, 2))


def test_a_file_whose_last_line_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":')
    with pytest.raises(InvalidInput, match=f"line 2 of {path}"):
        list(read_lines(path))


def test_file_systems_without_hard_links_get_the_file_by_renaming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file system that refuses links cannot be mounted here without privileges.
    def refuse(*_: object) -> None:
        raise PermissionError("links are not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert write_once(tmp_path / "file", b"content")
    assert not write_once(tmp_path / "file", b"other")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"content"]

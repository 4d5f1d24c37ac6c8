from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.corpus.walk import list_corpus
from reprollm.errors import InvalidInput


def names(*paths: Path) -> list[str]:
    return [file.name for file in list_corpus(paths).files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "corpus"
    (corpus / "b").mkdir(parents=True)
    for name in ("c.txt", "a.jsonl.gz", "b/x.parquet", "b/.hidden.txt", "b/y.TEI"):
        (corpus / name).write_text(name)
    return corpus


def test_a_folder_is_walked_in_sorted_order(folder: Path) -> None:
    assert names(folder) == [
        "corpus/a.jsonl.gz",
        "corpus/b/x.parquet",
        "corpus/b/y.TEI",
        "corpus/c.txt",
    ]


def test_formats_follow_from_names(folder: Path) -> None:
    listing = list_corpus([folder])
    assert [file.format for file in listing.files] == ["jsonl", "parquet", "xml", "text"]


def test_a_pattern_is_expanded(folder: Path) -> None:
    assert names(folder / "*.txt") == ["c.txt"]


def test_a_loop_of_links_ends(folder: Path) -> None:
    (folder / "b" / "up").symlink_to(folder)
    (folder / "self").symlink_to("self")
    assert len(names(folder)) == 4


def test_a_file_is_scanned_once_however_often_it_is_named(folder: Path) -> None:
    (folder / "z.txt").symlink_to(folder / "c.txt")
    assert names(folder / "c.txt", folder, folder).count("c.txt") == 1
    assert len(names(folder / "c.txt", folder)) == 4


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "c.txt").write_text(place)
    assert names(tmp_path / "one" / "c.txt", tmp_path / "two" / "c.txt") == ["c.txt", "2/c.txt"]


def test_files_of_no_known_kind_are_named(folder: Path) -> None:
    (folder / "image.png").write_bytes(b"x")
    (folder / "x.parquet.gz").write_bytes(b"x")
    assert list_corpus([folder]).ignored == ("corpus/image.png", "corpus/x.parquet.gz")


def test_a_file_of_no_known_kind_named_explicitly_is_refused(folder: Path) -> None:
    (folder / "image.png").write_bytes(b"x")
    with pytest.raises(InvalidInput, match=r"image\.png; name its kind with --format"):
        list_corpus([folder / "image.png"])
    assert list_corpus([folder / "image.png"], "text").files[0].format == "text"


def test_the_file_of_test_items_is_no_corpus(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="the file of test items itself"):
        list_corpus([folder], tests=folder / "c.txt")


def test_what_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="found nothing there"):
        list_corpus([tmp_path / "nowhere"])


def test_a_folder_with_nothing_to_scan_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="found none of a known kind"):
        list_corpus([tmp_path])

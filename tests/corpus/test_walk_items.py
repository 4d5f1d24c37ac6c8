"""The items under test are no corpus, be they a file or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.corpus.walk import list_corpus
from reprollm.errors import InvalidInput


def test_a_folder_of_test_items_within_the_corpus_is_refused(tmp_path: Path) -> None:
    items = tmp_path / "corpus" / "items"
    items.mkdir(parents=True)
    (items / "a.txt").write_text("vnd er sprach")
    (tmp_path / "corpus" / "b.txt").write_text("und er sprach")
    with pytest.raises(InvalidInput, match="found the file of test items itself"):
        list_corpus([tmp_path / "corpus"], tests=items)
    listed = list_corpus([tmp_path / "corpus" / "b.txt"], tests=items)
    assert [file.name for file in listed.files] == ["b.txt"]

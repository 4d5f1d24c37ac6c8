from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprollm.corpus import near_scan as module
from reprollm.corpus.match import Item
from reprollm.corpus.near import Near
from reprollm.corpus.near_scan import near_scan
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.walk import list_corpus

ITEM = "Da trat der Müller aus der Tür und grüßte die große Straße hinab, ehe er die Säcke zählte"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    near = ITEM.upper().replace("SÄCKE", "KÖRBE")
    (folder / "a.txt").write_text(near, encoding="utf-8")
    documents = ["etwas ganz anderes", "", f"Vorher {ITEM}", f"{ITEM} " * 3]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in documents)
    (folder / "b.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_documents_that_are_nearly_an_item_are_found_in_any_file(corpus: Path) -> None:
    files = list_corpus([corpus]).files
    items = [Item("müller", ITEM), Item("kurz", "ja nein")]
    found = near_scan(files, items, ScanOptions())
    # 18 words, 16 shingles; the third document has one word more, the fourth repeats itself:
    # 16 shingles and the two across the joint.
    assert found.pairs == (
        Near("müller", "corpus/b.jsonl#3", 16, 17),
        Near("müller", "corpus/b.jsonl#4", 16, 18),
    )
    assert (found.uncheckable, found.documents, found.passed_over) == (("kurz",), 5, 0)


def test_the_number_of_processes_changes_nothing(corpus: Path) -> None:
    files, items = list_corpus([corpus]).files, [Item("müller", ITEM)]
    alone = near_scan(files, items, ScanOptions())
    assert near_scan(files, items, ScanOptions(), jobs=2) == alone


def test_documents_too_long_to_hold_are_counted(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    files = list_corpus([corpus]).files
    found = near_scan(files, [Item("müller", ITEM)], ScanOptions())
    assert (found.documents, found.passed_over) == (4, 1)
    assert [pair.document for pair in found.pairs] == ["corpus/b.jsonl#3"]

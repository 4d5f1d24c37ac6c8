from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.rephrase import NEARER
from reprollm.corpus.rephrase_scan import LEAST, rephrase_scan
from reprollm.corpus.walk import list_corpus
from reprollm.engines.embedding import Embedder
from reprollm.errors import InvalidInput
from tiny_models import make_llama

ITEMS = [Item(f"i{at}", f"{at} der alte Brief Nummer {at * 7} aus dem Archiv") for at in range(6)]
CONTROL = [Item(f"c{at}", f"ein anderes Blatt {at * 13} mit Siegel") for at in range(30)]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(make_llama(tmp_path_factory.mktemp("rephrase") / "model"))


def test_planted_items_are_nearer_than_the_control(tmp_path: Path, embedder: Embedder) -> None:
    documents = [ITEMS[1].text, ITEMS[4].text, *(f"Satz {at} über Mühlen." for at in range(9))]
    file = tmp_path / "corpus.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in documents), "utf-8")
    files = list_corpus([file]).files
    found = rephrase_scan(files, ITEMS, CONTROL, embedder.vectors, ScanOptions())
    planted = [found.items[1], found.items[4]]
    assert [each.nearest.document for each in planted] == ["corpus.jsonl#1@0", "corpus.jsonl#2@0"]
    assert [each.nearest.cosine for each in planted] == pytest.approx([1, 1], abs=1e-5)
    assert {each.verdict for each in planted} == {NEARER}
    assert [each.p for each in planted] == pytest.approx([1 / 31, 1 / 31], abs=1e-12)
    assert (found.passages, found.size) == (11, LEAST)


def test_a_control_too_small_is_refused_before_anything_is_embedded(tmp_path: Path) -> None:
    def never(texts: object) -> None:
        raise AssertionError("embedded")

    with pytest.raises(InvalidInput, match="at least 20 control items"):
        rephrase_scan([], ITEMS, CONTROL[:19], never, ScanOptions())  # type: ignore[arg-type]

"""The scan's answers held against those of a search straight from the definitions."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from corpus.presets.naive import found_of
from reprollm.corpus.check import check, tokenization_of
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets import PRESETS
from reprollm.corpus.scan import scan


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"llama2", "gpt4"}))
def test_a_preset_says_of_random_texts_what_its_definition_says(tmp_path: Path, name: str) -> None:
    generator = random.Random(f"{name}/1")
    preset = PRESETS[name].with_n(3)
    tokenization = tokenization_of(preset.kind)
    corpus = tmp_path / "corpus.jsonl"
    verdicts = set()
    for _ in range(6):
        words = ["ab", "cd", "ef", "gh", "ij"]
        items = [generator.choices(words, k=generator.randrange(12)) for _ in range(12)]
        texts = [generator.choices([*words, "x"], k=generator.randrange(30)) for _ in range(14)]
        lines = (json.dumps({"text": " ".join(text)}) + "\n" for text in texts)
        corpus.write_text("".join(lines), encoding="utf-8")
        checked = check(
            [Item(str(at), " ".join(item)) for at, item in enumerate(items)],
            None,
            preset,
            tokenization,
            lambda found, n: scan([corpus], found, ScanOptions(tokenization, n, listed=10_000)),
        )
        documents = {f"corpus.jsonl#{at}": text for at, text in enumerate(texts, 1)}
        for at, (item, judged) in enumerate(zip(items, checked.tests, strict=True)):
            assert judged == preset.judge(*found_of(item, documents, 3, str(at)))
            verdicts.add(judged.verdict)
    assert len(verdicts) == 3

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from string import ascii_letters

from reprollm.corpus.check import Checked, check
from reprollm.corpus.folding import robust
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets.llama2 import Llama2
from reprollm.corpus.presets.skipping import SkippingMatch
from reprollm.corpus.presets.tokenizer import pinned_tokenizer
from reprollm.corpus.scan import scan
from tiny_models import make_llama

ITEM = " ".join(f"wort{at}" for at in range(24))


def write(folder: Path, *documents: str) -> Path:
    file = folder / "corpus.jsonl"
    lines = (json.dumps({"text": text}) + "\n" for text in documents)
    file.write_text("".join(lines), encoding="utf-8")
    return file


def test_a_run_goes_on_over_words_that_differ(tmp_path: Path) -> None:
    copy = ITEM.replace("wort12", "anders").replace("wort20", "anders")
    file = write(tmp_path, "nichts", f"Vorher {copy} nachher")
    found = scan([file], [Item("i", ITEM)], ScanOptions(robust(), 10, skips=4))
    (match,) = found.matches
    assert isinstance(match, SkippingMatch)
    assert (match.start, match.length, match.skipped, match.misses) == (0, 24, 2, (12, 20))
    assert match.document == "corpus.jsonl#2"
    text = f"Vorher {copy} nachher"
    assert text[match.offset : match.end] == copy
    assert match.digest == hashlib.sha256(copy.encode()).hexdigest()
    # Only the first twelve words hold runs of ten that are whole.
    assert found.items[0].counts == ((0, 1), (1, 1), (2, 1))
    assert found.parameters["skips"] == 4


def test_runs_do_not_depend_on_processes_or_an_interruption(tmp_path: Path) -> None:
    copy = ITEM.replace("wort12", "anders")
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    files = [write(first, copy, ITEM), write(second, f"x {copy}")]
    options = ScanOptions(robust(), 10, skips=4)
    whole = scan(files, [Item("i", ITEM)], options)
    assert [match.skipped for match in whole.matches] == [1, 0, 1]
    assert scan(files, [Item("i", ITEM)], options, jobs=2) == whole
    state = tmp_path / "state"
    scan(files[:1], [Item("i", ITEM)], options, state=state)
    assert scan(files, [Item("i", ITEM)], options, state=state) == whole


def test_no_more_runs_are_kept_than_are_listed(tmp_path: Path) -> None:
    other = " ".join(f"rest{at}" for at in range(24))
    file = write(tmp_path, *[ITEM] * 9, other)
    items = [Item("i", ITEM), Item("o", other)]
    few = scan([file], items, ScanOptions(robust(), 10, listed=3, skips=4))
    every = scan([file], items, ScanOptions(robust(), 10, skips=4))
    assert few.matches == (*every.matches[:3], every.matches[9])
    assert [item.cut for item in few.items] == [True, False]


def llama2(folder: Path, item: str, *documents: str) -> Checked:
    tokens = pinned_tokenizer(make_llama(folder / "model") / "tokenizer.json")
    preset = Llama2()
    return check(
        [Item("i", item)],
        None,
        preset,
        tokens,
        lambda items, n: scan(
            [write(folder, *documents)], items, ScanOptions(tokens, n, skips=preset.skips)
        ),
    )


def test_llama2_counts_the_tokens_of_a_pinned_tokenizer(tmp_path: Path) -> None:
    item = ascii_letters
    # One token a letter: the tokenizer merges none of these pairs.
    found = llama2(tmp_path, item, f"#{item[:20]}-{item[21:40]}#")
    (judged,) = found.tests
    assert (judged.found, judged.of, judged.detail["stratum"]) == (39, 52, "between")
    (match,) = found.result.matches
    assert (match.length, match.skipped, match.offset, match.end) == (40, 1, 1, 41)

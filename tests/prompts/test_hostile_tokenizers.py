"""A tokenizer file that would take all memory or time, or breaks its library, is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_parts import at
from reprollm.errors import SnapshotRefused
from reprollm.prompts import tokenizer_file
from reprollm.prompts.tokenize import load_tokenizer
from tiny_models import make_llama

DOUBLE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
TOKEN = {"content": "z", "special": True} | dict.fromkeys(
    ("single_word", "lstrip", "rstrip", "normalized"), False
)
BEYOND = {
    "replacements that double forty times": {
        "normalizer": {"type": "Sequence", "normalizers": [DOUBLE] * 40}
    },
    "a replacement of nothing by much": {
        "normalizer": {"type": "Replace", "pattern": {"Regex": ""}, "content": "a" * 9999}
    },
    "an id of four billion": {"added_tokens": [{"id": 2**32 - 1, **TOKEN}]},
    "a negative id": {"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}},
    "an id that is no number": {"model": {"type": "BPE", "vocab": {"a": "0"}, "merges": []}},
    "a decoder that cuts for ever": {
        "decoder": {"type": "Strip", "content": "a", "start": 10**18, "stop": 10**18}
    },
    "a million tokens around a prompt": {
        "post_processor": {"single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}] * 100_000}
    },
}


def edited(tmp_path: Path, changes: dict[str, Any]) -> Path:
    folder = make_llama(tmp_path / "m")
    file = folder / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes))
    return folder


@pytest.mark.parametrize("changes", BEYOND.values(), ids=BEYOND.keys())
def test_a_tokenizer_beyond_all_bounds_is_refused_before_it_is_loaded(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(SnapshotRefused, match=r"tokenizer\.json") as refused:
        load_tokenizer(at(edited(tmp_path, changes)))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "content", [b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[]", b"{", b"\xff\xfe", b"1" * 9999]
)
def test_a_file_that_is_no_object_of_json_is_refused(content: bytes, tmp_path: Path) -> None:
    folder = make_llama(tmp_path / "m")
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(SnapshotRefused, match=r"tokenizer\.json"):
        load_tokenizer(at(folder))


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    folder = make_llama(tmp_path / "m")
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(tokenizer_file.MOST_BYTES + 1)
    with pytest.raises(SnapshotRefused, match="at most 268435456 bytes"):
        load_tokenizer(at(folder))


def test_what_makes_the_library_panic_is_refused_in_a_sentence(tmp_path: Path) -> None:
    normalizer = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    with pytest.raises(SnapshotRefused, match="loads from"):
        load_tokenizer(at(edited(tmp_path, {"normalizer": normalizer})))


def test_a_pattern_that_backtracks_for_ever_is_refused_when_it_does(tmp_path: Path) -> None:
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    folder = edited(tmp_path, {"pre_tokenizer": split | {"invert": False}})
    tokenizer = load_tokenizer(at(folder))
    with pytest.raises(SnapshotRefused, match="every text into tokens"):
        tokenizer.encode_plain(["a" * 40 + "c"])

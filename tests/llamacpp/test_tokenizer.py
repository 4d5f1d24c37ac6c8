"""A GGUF file's tokenizer gives the ids of the snapshot that it was made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gguf_files import METADATA, TENSORS, Typed, gguf_bytes, numbers, text, texts, u32
from gguf_models import converted
from llamacpp.conftest import Convert
from model_parts import at
from reprollm.errors import EngineUnavailable, InvalidInput
from reprollm.llamacpp.tokenizer import WORDS, tokenizer_metadata
from reprollm.llamacpp.vocabulary import Vocabulary, read_vocabulary
from reprollm.prompts.tokenize import load_tokenizer
from reprollm.snapshot.gguf import read_gguf
from tiny_models import VOCABULARY, make_llama

TEXTS = [
    "vnd er ſprach zu jhm",
    "a</s>b <pad>",
    "",
    " x ",
    "ε\u0313\u0301\n\n",
    "the the  they're HE'S 12345,6.7\t!?\r\n  \r\n ende ",
    "漢字 🙂 ünïcödé",
    "x" * 500,
]


def edited(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the tokenizer of a tiny model."""
    path = make_llama(folder) / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    change(tokenizer)
    path.write_text(json.dumps(tokenizer))
    return folder


def cut_by(expression: str, ignore_merges: bool) -> Callable[[dict[str, Any]], object]:
    def change(tokenizer: dict[str, Any]) -> None:
        split = {"Regex": expression}
        tokenizer["pre_tokenizer"] = {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": split, "behavior": "Isolated", "invert": False},
                tokenizer["pre_tokenizer"] | {"use_regex": False},
            ],
        }
        tokenizer["model"]["ignore_merges"] = ignore_merges

    return change


def without_bos(tokenizer: dict[str, Any]) -> None:
    tokenizer["post_processor"] = None


def with_eos(tokenizer: dict[str, Any]) -> None:
    processor = tokenizer["post_processor"]
    processor["single"].append({"SpecialToken": {"id": "</s>", "type_id": 0}})
    processor["special_tokens"]["</s>"] = {"id": "</s>", "ids": [2], "tokens": ["</s>"]}


CHANGES = {
    "byte-level": lambda tokenizer: None,
    "no-bos": without_bos,
    "bos-and-eos": with_eos,
} | {name: cut_by(expression, name == "llama-bpe") for expression, name in WORDS.items()}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_ids_are_those_of_transformers_on_the_source(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    source = edited(tmp_path / "model", change)
    theirs = load_tokenizer(at(source))
    ours = load_tokenizer(converted(source).located)
    assert ours.encode_plain(TEXTS) == theirs.encode_plain(TEXTS)
    assert ours.encode_chat(TEXTS) == theirs.encode_chat(TEXTS)
    assert ours.chat_template == theirs.chat_template
    assert dict(ours.special_tokens) == dict(theirs.special_tokens)


def test_a_plain_prompt_begins_with_one_token_and_a_chat_prompt_with_its_own(
    as_gguf: Convert,
) -> None:
    tokenizer = load_tokenizer(as_gguf().located)
    assert tokenizer.encode_plain(["a"]) == [(1, 3 + ord("a"))]
    assert tokenizer.encode_chat(["a", "<s>a"]) == [(3 + ord("a"),), (1, 3 + ord("a"))]


def test_ids_spell_the_text_again(as_gguf: Convert) -> None:
    tokenizer = load_tokenizer(as_gguf().located)
    assert tokenizer.decode is not None
    for sample, ids in zip(TEXTS, tokenizer.encode_chat(TEXTS), strict=True):
        assert tokenizer.decode(ids) == sample


def test_decoding_gives_the_text_that_transformers_gives(as_gguf: Convert) -> None:
    from transformers import AutoTokenizer

    model = as_gguf()
    theirs = AutoTokenizer.from_pretrained(model.source, local_files_only=True)
    vocabulary = read(model.file)
    for ids in (
        [1, 100, 2, 101],
        [3 + 0xC5, 3 + 0xBF, 3 + 0xC5],
        list(range(256, 300)),
        [3 + 0xF0, 3 + 0x9F, 5, 3 + 0x80],
    ):
        expected = theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert vocabulary.decode(ids) == expected


def read(path: Path) -> Vocabulary:
    return read_vocabulary(read_gguf(path, path.stat().st_size, path.name))


def sentencepiece(path: Path, **values: Typed) -> Vocabulary:
    metadata = {
        **METADATA,
        "tokenizer.ggml.model": text("llama"),
        "tokenizer.ggml.tokens": texts("<unk>", "<s>", "</s>", "<0xC3>", "<0xA4>", "▁er", "a"),
        "tokenizer.ggml.token_type": numbers(2, 3, 3, 6, 6, 1, 1),
        **values,
    }
    path.write_bytes(gguf_bytes(metadata, TENSORS))
    return read(path)


def test_sentencepiece_marks_are_spaces_and_single_bytes_are_joined(tmp_path: Path) -> None:
    vocabulary = sentencepiece(tmp_path / "m.gguf")
    assert vocabulary.decode([6, 5, 3, 4, 5]) == "a erä er"
    assert vocabulary.decode([6, 3]) == "a\ufffd"


def test_a_space_that_the_tokenizer_put_before_a_text_is_taken_away_again(tmp_path: Path) -> None:
    assert sentencepiece(tmp_path / "m.gguf").decode([5, 6]) == "era"
    kept = {"tokenizer.ggml.add_space_prefix": Typed(7, False)}
    assert sentencepiece(tmp_path / "n.gguf", **kept).decode([5, 6]) == " era"


@pytest.mark.parametrize("kind", ["bert", "rwkv", "no_vocab"])
def test_a_vocabulary_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes({**METADATA, "tokenizer.ggml.model": text(kind)}))
    with pytest.raises(EngineUnavailable, match=f"kinds gpt2 and llama, found '{kind}'"):
        read(path)


def test_ids_outside_the_vocabulary_are_no_text(tmp_path: Path) -> None:
    assert sentencepiece(tmp_path / "m.gguf", general=u32(1)).decode([6, 99, -1, 6]) == "aa"


def unigram(tokenizer: dict[str, Any]) -> None:
    tokenizer["model"]["type"] = "Unigram"


def unknown_words(tokenizer: dict[str, Any]) -> None:
    cut_by(r"\w+", False)(tokenizer)


def lower_case(tokenizer: dict[str, Any]) -> None:
    tokenizer["normalizer"] = {"type": "Lowercase"}


def added_space(tokenizer: dict[str, Any]) -> None:
    tokenizer["pre_tokenizer"]["add_prefix_space"] = True


def twice_bos(tokenizer: dict[str, Any]) -> None:
    tokenizer["post_processor"]["single"].insert(0, {"SpecialToken": {"id": "<s>"}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unigram, "expected byte-level BPE"),
        (unknown_words, "a way of cutting words that llama.cpp has built in"),
        (lower_case, "no normalizer"),
        (added_space, "a tokenizer that adds no space"),
        (twice_bos, "at most one special token before and behind a text"),
    ],
)
def test_a_tokenizer_that_llama_cpp_would_read_otherwise_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = edited(tmp_path / "model", change)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    with pytest.raises(InvalidInput, match=message):
        tokenizer_metadata(tokenizer, VOCABULARY)


def test_tokens_beyond_the_models_vocabulary_are_refused(tmp_path: Path) -> None:
    folder = edited(tmp_path / "model", lambda tokenizer: None)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    with pytest.raises(InvalidInput, match=r"token ids below the model's 264 .*, found 264"):
        tokenizer_metadata(tokenizer, 264)

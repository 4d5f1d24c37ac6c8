"""Token ids are those of the snapshot's own tokenizer, of whatever kind it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import Unigram, WordLevel

from experiment_files import write_experiment
from model_parts import alone, at
from reprollm.errors import SnapshotRefused
from reprollm.experiment.load import load
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.tokenize import load_tokenizer
from reprollm.snapshot.lock import load_lock

TEXTS = ["vnd er ſprach zu jhm", "a</s>b", "", " x ", "ε\u0313\u0301\n\n", "x" * 2000]


def words(folder: Path) -> Path:
    """Write a tokenizer of whole words without special tokens at the beginning."""
    vocabulary = {"<unk>": 0, "Alt": 1, ":": 2, "Neu": 3, "vnd": 4, "er": 5}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return save(tokenizer, folder)


def pieces(folder: Path) -> Path:
    """Write a tokenizer of pieces with marked word beginnings, as SentencePiece makes them."""
    letters = [(letter, -9.0) for letter in "abcdefghijklmnopqrstuvwxyzANſ:,"]
    tokenizer = Tokenizer(Unigram([("<unk>", 0.0), ("▁", -2.0), ("▁vnd", -3.0), *letters], 0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return save(tokenizer, folder)


def save(tokenizer: Tokenizer, folder: Path) -> Path:
    folder.mkdir(parents=True)
    # A tokenizer may carry a limit to which it would cut; prompts are never cut.
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def test_plain_prompts_are_tokenized_as_transformers_does(models: Path) -> None:
    tokenizer = load_tokenizer(at(models / "llama"))
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(models / "llama", local_files_only=True)
    assert tokenizer.encode_plain(TEXTS) == [tuple(theirs(text)["input_ids"]) for text in TEXTS]
    assert all(ids[0] == 1 for ids in tokenizer.encode_plain(TEXTS))
    assert tokenizer.encode_chat(["ab"]) == [(3 + 97, 3 + 98)]


def test_a_text_alone_has_the_tokens_that_it_has_among_others(models: Path) -> None:
    tokenizer = load_tokenizer(at(models / "qwen3"))
    assert [tokenizer.encode_plain([text])[0] for text in TEXTS] == tokenizer.encode_plain(TEXTS)


@pytest.mark.parametrize("make", [words, pieces])
def test_other_kinds_of_tokenizers_neither_cut_nor_pad(tmp_path: Path, make: object) -> None:
    assert callable(make)
    tokenizer = load_tokenizer(at(make(tmp_path / "model")))
    (ids,) = tokenizer.encode_plain(["vnd er vnd er vnd er vnd er vnd er"])
    assert len(ids) > 9
    assert tokenizer.chat_template is None


def test_another_tokenizer_gives_the_same_prompts_other_requests(
    tmp_path: Path, models: Path
) -> None:
    file = write_experiment(tmp_path / "spelling", models / "llama.lock.json")
    lock = load_lock(models / "llama.lock.json")
    requests: list[set[str]] = []
    for number, model in enumerate(
        (models / "llama", words(tmp_path / "words"), pieces(tmp_path / "pieces"))
    ):
        sources = read_sources(load(file), alone(replace(lock, tokenizer=str(number) * 64)))
        plan = make_plan(sources, at(model))
        assert plan.rows[0].prompt.text == "Alt: vnd er ſprach\nNeu:"
        requests.append({row.asked.request for row in plan.rows})
    assert [len(found) for found in requests] == [9, 9, 9]
    assert len(set().union(*requests)) == 27


@pytest.mark.parametrize("name", ["nowhere", "org/model"])
def test_a_folder_without_a_tokenizer_is_refused_without_asking_a_hub(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(SnapshotRefused, match="expected a tokenizer that loads from"):
        load_tokenizer(at(tmp_path / name))


def test_a_tokenizer_that_wants_its_own_code_is_refused(tmp_path: Path) -> None:
    folder = words(tmp_path / "model")
    (folder / "tokenization_own.py").write_text("raise SystemExit('ran')")
    config = {
        "auto_map": {"AutoTokenizer": ["tokenization_own.Own", None]},
        "tokenizer_class": "Own",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").unlink()
    with pytest.raises(SnapshotRefused, match="expected a tokenizer"):
        load_tokenizer(at(folder))

"""Prompts as token ids by the tokenizer in a GGUF file, as llama.cpp itself reads it.

The file is mapped and not read: weights that no computation touches stay on the disk. The tokens
that begin and end every sequence are asked of llama.cpp once and put around plain prompts by us;
chat templates write theirs themselves. Special tokens' spellings in a text become those tokens, as
with transformers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from weakref import finalize

from reprollm.errors import SnapshotRefused
from reprollm.llamacpp.loadable import loadable
from reprollm.llamacpp.options import Options
from reprollm.llamacpp.server import LlamaServer
from reprollm.llamacpp.vocabulary import Vocabulary, read_vocabulary
from reprollm.prompts.tokenize import PromptTokenizer
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.gguf_identity import chat_templates

_SPECIAL = {
    "bos_token": "bos",
    "eos_token": "eos",
    "unk_token": "unknown",
    "sep_token": "seperator",
    "pad_token": "padding",
}
"""Names in chat templates, and in keys of the metadata (`seperator` is spelled so there)."""


def load_gguf_tokenizer(file: Path) -> PromptTokenizer:
    """Return the tokenizer of the GGUF model whose first file is `file`.

    Raises:
        EngineUnavailable: xllamacpp is not installed, or the vocabulary is of no known kind.
        SnapshotRefused: the file is malformed.
    """
    header = loadable(file)
    vocabulary = read_vocabulary(header)
    server = LlamaServer(Options(file, "tokenizer", context=1, repack=False))
    before, behind = _around(server, file)
    tokenizer = PromptTokenizer(
        encode_plain=partial(_encode, server, before, behind),
        encode_chat=partial(_encode, server, (), ()),
        chat_template=chat_templates(header).get("default"),
        special_tokens=_special_tokens(header, vocabulary),
        decode=vocabulary.spelled,
    )
    finalize(tokenizer, server.close)
    return tokenizer


def _encode(
    server: LlamaServer, before: Sequence[int], behind: Sequence[int], texts: Sequence[str]
) -> list[tuple[int, ...]]:
    return [(*before, *_tokens(server, text, special=False), *behind) for text in texts]


def _around(server: LlamaServer, file: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the tokens that llama.cpp puts before and behind every text."""
    inner, whole = (_tokens(server, "a", special=special) for special in (False, True))
    for start in range(len(whole) - len(inner) + 1):
        if whole[start : start + len(inner)] == inner:
            return whole[:start], whole[start + len(inner) :]
    raise SnapshotRefused(
        f"expected a tokenizer in {file.name} that puts its special tokens around a text, found "
        "one that changes the text with them"
    )


def _tokens(server: LlamaServer, text: str, *, special: bool) -> tuple[int, ...]:
    body = {"content": text, "add_special": special, "parse_special": True}
    return tuple(server.ask("/tokenize", body)["tokens"])


def _special_tokens(header: GgufHeader, vocabulary: Vocabulary) -> Mapping[str, str]:
    found = {}
    for name, key in _SPECIAL.items():
        token = header.integer(f"tokenizer.ggml.{key}_token_id")
        if token is not None and 0 <= token < len(vocabulary.texts):
            found[name] = vocabulary.texts[token]
    return found

"""Prompts as token ids, by the tokenizer files of the snapshot and nothing else.

The tokenizer is loaded from the snapshot's folder without a network and without its own code.
Plain prompts get the special tokens that the tokenizer adds (a beginning-of-sequence token, for
most models); chat templates write theirs themselves. Nothing is padded or cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from reprollm.environment import go_offline
from reprollm.errors import EngineUnavailable, SnapshotRefused
from reprollm.prompts.tokenizer_file import check_tokenizer_file
from reprollm.snapshot.model import LocatedModel

Encode = Callable[[Sequence[str]], list[tuple[int, ...]]]
Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class PromptTokenizer:
    """A loaded tokenizer.

    Attributes:
        encode_plain: texts to token ids, with the special tokens that the tokenizer adds.
        encode_chat: texts to token ids, with no token but those of the text.
        chat_template: the Jinja source of the chat template, or None.
        special_tokens: special tokens by name, for example `bos_token`.
        decode: token ids to text, special tokens spelled out; for servers that take only text.
    """

    encode_plain: Encode
    encode_chat: Encode
    chat_template: str | None
    special_tokens: Mapping[str, str]
    decode: Decode | None = None


def load_tokenizer(located: LocatedModel) -> PromptTokenizer:
    """Return the tokenizer of a located model: the base's; of a GGUF file its own.

    Raises:
        EngineUnavailable: transformers, or for a GGUF file xllamacpp, is not installed.
        SnapshotRefused: the tokenizer's files cannot be loaded without a network and without code.
    """
    if not located.folders:
        from reprollm.prompts.tokenize_utf8 import utf8_tokenizer

        return utf8_tokenizer()
    if located.gguf is not None:
        from reprollm.prompts.tokenize_gguf import load_gguf_tokenizer

        return load_gguf_tokenizer(located.gguf)
    go_offline()
    folder = located.folders[0]
    check_tokenizer_file(folder)
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise EngineUnavailable(
            "expected transformers to turn prompts into tokens, found it not installed; "
            "install reprollm[transformers]"
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
    except BaseException as error:  # every tokenizer class raises its own
        _reraise_unless_theirs(error)
        problem = " ".join(str(error).split())
        raise SnapshotRefused(
            f"expected a tokenizer that loads from {folder} alone, found: {problem:.300}"
        ) from None
    return PromptTokenizer(
        encode_plain=partial(_encode, tokenizer, True),
        encode_chat=partial(_encode, tokenizer, False),
        chat_template=template,
        special_tokens=dict(tokenizer.special_tokens_map),
        decode=partial(_decode, tokenizer),
    )


def _encode(tokenizer: Any, special: bool, texts: Sequence[str]) -> list[tuple[int, ...]]:
    try:
        encoded = tokenizer(
            list(texts),
            add_special_tokens=special,
            padding=False,
            truncation=False,
            return_attention_mask=False,
            verbose=False,
        )
    except BaseException as error:
        _reraise_unless_theirs(error)
        raise SnapshotRefused(
            "expected a tokenizer that turns every text into tokens, found: "
            f"{' '.join(str(error).split()):.300}"
        ) from None
    return [tuple(ids) for ids in encoded["input_ids"]]


def _reraise_unless_theirs(error: BaseException) -> None:
    """Let pass what no tokenizer raised; a panic of the Rust library is no `Exception`."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _decode(tokenizer: Any, ids: Sequence[int]) -> str:
    text: str = tokenizer.decode(
        list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    return text

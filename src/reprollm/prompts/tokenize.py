"""Prompts as token ids, by the tokenizer files of the snapshot and nothing else.

The tokenizer is loaded from the snapshot's folder without a network and without its own code.
Plain prompts get the special tokens that the tokenizer adds (a beginning-of-sequence token, for
most models); chat templates write theirs themselves. Nothing is padded or cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reprollm.environment import go_offline
from reprollm.errors import EngineUnavailable, SnapshotRefused

Encode = Callable[[Sequence[str]], list[tuple[int, ...]]]


@dataclass(frozen=True)
class PromptTokenizer:
    """A loaded tokenizer.

    Attributes:
        encode_plain: texts to token ids, with the special tokens that the tokenizer adds.
        encode_chat: texts to token ids, with no token but those of the text.
        chat_template: the Jinja source of the chat template, or None.
        special_tokens: special tokens by name, for example `bos_token`.
    """

    encode_plain: Encode
    encode_chat: Encode
    chat_template: str | None
    special_tokens: Mapping[str, str]


def load_tokenizer(folder: Path) -> PromptTokenizer:
    """Return the tokenizer of the snapshot in `folder`.

    Raises:
        EngineUnavailable: transformers is not installed.
        SnapshotRefused: the tokenizer's files cannot be loaded without a network and without code.
    """
    go_offline()
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
    except Exception as error:  # every tokenizer class raises its own
        problem = " ".join(str(error).split())
        raise SnapshotRefused(
            f"expected a tokenizer that loads from {folder} alone, found: {problem:.300}"
        ) from None
    return PromptTokenizer(
        encode_plain=partial(_encode, tokenizer, True),
        encode_chat=partial(_encode, tokenizer, False),
        chat_template=template,
        special_tokens=dict(tokenizer.special_tokens_map),
    )


def _encode(tokenizer: Any, special: bool, texts: Sequence[str]) -> list[tuple[int, ...]]:
    encoded = tokenizer(
        list(texts),
        add_special_tokens=special,
        padding=False,
        truncation=False,
        return_attention_mask=False,
        verbose=False,
    )
    return [tuple(ids) for ids in encoded["input_ids"]]

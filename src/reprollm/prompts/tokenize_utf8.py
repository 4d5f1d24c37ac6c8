"""Prompts for a model whose tokenizer is not on this machine: their UTF-8 bytes, one id a byte.

What the server makes of the text is its own affair, and unknown here; so that a request has an
identity all the same, its prompt ids are the bytes that were sent. A chat template is not known
either: the prompt goes out as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.prompts.tokenize import PromptTokenizer


def utf8_tokenizer() -> PromptTokenizer:
    """Return the tokenizer of bytes; its digest is `reprollm.snapshot.claim.UTF8_TOKENIZER`."""
    return PromptTokenizer(
        encode_plain=_encode,
        encode_chat=_encode,
        chat_template=None,
        special_tokens={},
        decode=utf8_text,
    )


def utf8_ids(text: str) -> tuple[int, ...]:
    """Return the bytes of a text, one id a byte."""
    return tuple(text.encode("utf-8"))


def utf8_text(ids: Sequence[int]) -> str:
    """Return the text whose bytes the ids are; raise `ValueError` where they are none."""
    return bytes(ids).decode("utf-8")


def _encode(texts: Sequence[str]) -> list[tuple[int, ...]]:
    return [utf8_ids(text) for text in texts]

"""Token ids to text, by the vocabulary in a GGUF file's metadata.

Every token is a piece of bytes; a text is their concatenation, in UTF-8 with what is no character
replaced. Byte-level vocabularies (`tokenizer.ggml.model` "gpt2") spell bytes as printable stand-ins
(Radford et al. 2019, `bytes_to_unicode`); SentencePiece's ("llama") write a space as U+2581 and
single bytes as `<0x0A>`. Control tokens are no text; unused ids are nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reprollm.errors import EngineUnavailable
from reprollm.snapshot.gguf import GgufHeader

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
_MODELS = ("gpt2", "llama")
_SPACE = "▁"
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of a GGUF model's tokens.

    Attributes:
        pieces: each token's bytes by id, empty where it is no text.
        texts: each token as the file spells it, by id.
        strips_space: whether a text's leading space is the tokenizer's own and no part of it.
    """

    pieces: tuple[bytes, ...]
    texts: tuple[str, ...]
    strips_space: bool

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids, without control tokens; unknown ids are nothing."""
        count = len(self.pieces)
        content = b"".join(self.pieces[token] for token in ids if 0 <= token < count)
        text = content.decode("utf-8", "replace")
        return text[1:] if self.strips_space and text.startswith(" ") else text

    def spelled(self, ids: Sequence[int]) -> str:
        """Return the text of token ids with control tokens spelled out."""
        content = b"".join(self.pieces[token] or self.texts[token].encode("utf-8") for token in ids)
        return content.decode("utf-8", "replace")

    def plain(self) -> int:
        """Return the id of a token that is one printable ASCII character.

        Raises:
            EngineUnavailable: there is none.
        """
        for token, piece in enumerate(self.pieces):
            if len(piece) == 1 and 0x21 <= piece[0] < 0x7F:
                return token
        raise EngineUnavailable(
            "expected a vocabulary with the letters of ASCII in the GGUF file, found none of them"
        )

    def piece_id(self, piece: bytes) -> int | None:
        """Return the first token of just these bytes, or None."""
        return next((token for token, found in enumerate(self.pieces) if found == piece), None)


def read_vocabulary(header: GgufHeader) -> Vocabulary:
    """Return the vocabulary of a GGUF model.

    Raises:
        EngineUnavailable: its kind is none of those whose texts are known here.
    """
    kind = header.text("tokenizer.ggml.model")
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    if kind not in _MODELS or tokens is None:
        raise EngineUnavailable(
            f"expected a GGUF vocabulary of the kinds {' and '.join(_MODELS)}, found {kind!a:.40}; "
            "convert the model again with a newer llama.cpp, or take another engine"
        )
    texts = tuple(token.decode("utf-8", "replace") for token in tokens.texts())
    listed = header.metadata.get("tokenizer.ggml.token_type")
    types = listed.numbers() if listed is not None else (NORMAL,) * len(texts)
    bytelevel = kind == "gpt2"
    prefix = header.flag("tokenizer.ggml.add_space_prefix")
    return Vocabulary(
        pieces=tuple(_pieces(texts, types, bytelevel)),
        texts=texts,
        strips_space=not bytelevel and prefix is not False,
    )


def byte_alphabet() -> dict[str, int]:
    """Return the byte that each printable stand-in of a byte-level vocabulary means."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    stand_ins = iter(range(256, 512))
    return {chr(byte if byte in printable else next(stand_ins)): byte for byte in range(256)}


def _pieces(
    texts: Sequence[str], types: Iterable[int | float | bool], bytelevel: bool
) -> Iterable[bytes]:
    alphabet = byte_alphabet()
    for text, kind in zip(texts, types, strict=False):
        if kind in (CONTROL, UNUSED, UNKNOWN):
            yield b""
        elif kind == BYTE and (match := _BYTE.match(text)):
            yield bytes.fromhex(match[1])
        elif kind == USER_DEFINED:
            yield text.encode("utf-8")
        elif bytelevel:
            yield b"".join(
                bytes([alphabet[sign]]) if sign in alphabet else sign.encode("utf-8")
                for sign in text
            )
        else:
            yield text.replace(_SPACE, " ").encode("utf-8")

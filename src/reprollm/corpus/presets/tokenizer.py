"""Texts as the tokens of a `tokenizer.json`, pinned by its SHA-256 (the Llama 2 paper's reading).

Item and document are tokenized each by itself, without special tokens. A byte-pair tokenizer cuts
a word differently at the beginning of a text than after a space, so that an item's first and last
token can differ from a copy within a document.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from reprollm.corpus.tokens import TokenIds
from reprollm.errors import EngineUnavailable, InvalidInput


@dataclass(frozen=True)
class _Encode:
    """Gives ids and character spans; picklable, so that processes can share it."""

    path: Path
    sha256: str

    def __call__(self, text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        tokenizer = _loaded(self.path, self.sha256)
        try:
            encoded = tokenizer.encode(text, add_special_tokens=False)
        except BaseException as error:
            _reraise_unless_theirs(error)
            raise InvalidInput(
                f"expected a tokenizer that turns every text into tokens at {self.path}, found: "
                f"{' '.join(str(error).split()):.200}"
            ) from None
        return encoded.ids, encoded.offsets


def pinned_tokenizer(path: Path, sha256: str | None = None) -> TokenIds:
    """Return the tokenizer of a file, of which `sha256` is expected or, without it, recorded.

    Raises:
        InvalidInput: the file is missing, its hash is another one, or it is no tokenizer.
        EngineUnavailable: the tokenizers library is not installed.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidInput(
            f"expected a tokenizer.json at {path}, found none that can be read: {error.strerror}"
        ) from None
    if sha256 is not None and found != sha256.lower():
        raise InvalidInput(
            f"expected {path} with SHA-256 {sha256:.64}, found {found}; name the file that was "
            "pinned, or its hash"
        )
    _loaded(path, found)
    return TokenIds("tokenizer", found, _Encode(path, found))


@lru_cache(maxsize=1)
def _loaded(path: Path, sha256: str) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise EngineUnavailable(
            "expected the tokenizers library for the preset llama2, found it not installed; "
            "install reprollm[transformers]"
        ) from None
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InvalidInput(f"expected {path} unchanged, found other bytes; scan again")
    try:
        loaded = Tokenizer.from_str(content.decode("utf-8"))
    except BaseException as error:
        _reraise_unless_theirs(error)
        raise InvalidInput(
            f"expected a tokenizer.json of the tokenizers library at {path}, found: "
            f"{' '.join(str(error).split()):.200}"
        ) from None
    loaded.no_truncation()
    loaded.no_padding()
    return loaded


def _reraise_unless_theirs(error: BaseException) -> None:
    """Let pass what the library did not raise; a panic of its Rust code is no `Exception`."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error

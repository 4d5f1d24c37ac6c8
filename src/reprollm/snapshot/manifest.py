"""What is hashed into a snapshot's identity, and how.

The snapshot id covers path, size and SHA-256 of every file, names inside the hash: two snapshots
with the same id are the same files. The weights digest covers name, dtype, shape and bytes of every
tensor and nothing of the files they lie in, so that it survives sharding, merging and renaming of
files. The tokenizer digest covers the files that turn text into token ids and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from reprollm.canon import Json, digest, dumps

TOKENIZER_FILES = frozenset(
    "tokenizer.json tokenizer.model tokenizer_config.json special_tokens_map.json "
    "added_tokens.json vocab.json vocab.txt vocab.bpe merges.txt encoder.json spiece.model "
    "sentencepiece.bpe.model sentencepiece.model tekken.json normalizer.json".split()
)
TOKENIZER_PATTERNS = ("tokenizer.model.v*", "*.tiktoken")


@dataclass(frozen=True)
class File:
    """One file of a snapshot.

    `git_blob` is the Git blob id (SHA-1, hex) of small files: what the hub's own record names.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    path: str
    size: int
    sha256: str
    git_blob: str | None = None

    def to_record(self) -> dict[str, Json]:
        """Return what the manifest lists of the file."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256}


@dataclass(frozen=True)
class TensorDigest:
    """A tensor: name, dtype, shape, raw 32-byte SHA-256 of its bytes.

    dtype and shape are as the file's format spells them: of GGUF the ggml type's name, and the
    fastest varying dimension first.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: bytes


def snapshot_id(files: Iterable[File]) -> str:
    """Return the hex identity of a set of files."""
    ordered = sorted(files, key=lambda file: file.path)
    manifest: dict[str, Json] = {"files": [file.to_record() for file in ordered]}
    return digest("reprollm/snapshot/v1", dumps(manifest))


def weights_digest(tensors: Iterable[TensorDigest]) -> str:
    """Return the hex digest over tensors, the same however they are spread over files."""
    parts: list[bytes] = []
    for tensor in sorted(tensors, key=lambda tensor: tensor.name):
        shape: list[Json] = list(tensor.shape)
        parts += [tensor.name.encode(), tensor.dtype.encode(), dumps(shape), tensor.sha256]
    return digest("reprollm/weights/v1", *parts)


def tokenizer_digest(files: Iterable[File]) -> str:
    """Return the hex digest over the tokenizer's files; a GGUF file carries its own tokenizer."""
    parts: list[bytes] = []
    for file in tokenizer_files(tuple(files)):
        parts += [file.path.encode(), bytes.fromhex(file.sha256)]
    return digest("reprollm/tokenizer/v1", *parts)


def tokenizer_files(files: Sequence[File]) -> list[File]:
    """Return the tokenizer's files sorted by path: known names beside the config, or GGUF files."""
    named = [file for file in files if _is_tokenizer(file.path)]
    chosen = named or [file for file in files if file.path.lower().endswith(".gguf")]
    return sorted(chosen, key=lambda file: file.path)


def _is_tokenizer(path: str) -> bool:
    return path in TOKENIZER_FILES or any(
        "/" not in path and fnmatchcase(path, pattern) for pattern in TOKENIZER_PATTERNS
    )

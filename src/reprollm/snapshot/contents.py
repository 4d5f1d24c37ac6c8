"""Opens a folder to be pinned: lists it, reads its headers, refuses what is never loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import SnapshotRefused
from reprollm.snapshot import hub
from reprollm.snapshot.chunks import Job
from reprollm.snapshot.code import refuse_remote_code
from reprollm.snapshot.files import Listed, list_files
from reprollm.snapshot.gguf import read_gguf
from reprollm.snapshot.gguf_split import GgufModel, join
from reprollm.snapshot.names import refuse_formats
from reprollm.snapshot.safetensors import Tensor, read_header
from reprollm.snapshot.shards import INDEX_ENDING, check_index, check_unique

GIT_BYTES = 10 * 1024 * 1024
MAX_TEXT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Contents:
    """A folder that may be pinned: its files, and what its weight files hold.

    Attributes:
        listed: every file.
        tensors: the tensors of each safetensors file by path.
        gguf: the GGUF model, or None; a folder with one has no safetensors files.
    """

    listed: tuple[Listed, ...]
    tensors: dict[str, list[Tensor]]
    gguf: GgufModel | None = None

    def spans(self, path: str) -> tuple[tuple[int, int], ...]:
        """Return where the tensors of a file lie, in the order of their bytes."""
        if self.gguf is not None and path in self.gguf.files:
            return tuple((tensor.begin, tensor.end) for tensor in self.gguf.files[path].tensors)
        return tuple((tensor.begin, tensor.end) for tensor in self.tensors.get(path, ()))

    def jobs(self) -> list[Job]:
        """Return what to hash, in the order of `listed`."""
        return [
            Job(
                name=file.path,
                path=file.real,
                stamp=file.stamp,
                spans=self.spans(file.path),
                git=file.stamp.size <= GIT_BYTES or hub.is_git_name(file.blob),
            )
            for file in self.listed
        ]

    def json(self, path: str) -> dict[str, Any] | None:
        """Return the JSON object in a file of the snapshot, None where there is no such file."""
        text = self.text(path)
        if text is None:
            return None
        try:
            value = json.loads(text)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError, MemoryError) as error:
            raise SnapshotRefused(f"expected JSON in {path}, found {error!s:.200}") from None
        if not isinstance(value, dict):
            raise SnapshotRefused(f"expected a JSON object in {path}, found {type(value).__name__}")
        return value

    def text(self, path: str) -> str | None:
        """Return the UTF-8 text of a file of the snapshot, None where there is no such file."""
        content = self._content(path)
        try:
            return None if content is None else content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SnapshotRefused(f"expected UTF-8 text in {path}, found {error}") from None

    def prose(self, path: str) -> str | None:
        """Return a text that no program depends on, with what is not UTF-8 replaced."""
        content = self._content(path)
        return None if content is None else content.decode("utf-8", "replace")

    def _content(self, path: str) -> bytes | None:
        file = next((file for file in self.listed if file.path == path), None)
        if file is None:
            return None
        if file.stamp.size > MAX_TEXT_BYTES:
            raise SnapshotRefused(
                f"expected {path} below {MAX_TEXT_BYTES} bytes, found {file.stamp.size}"
            )
        return file.real.read_bytes()


def open_snapshot(folder: Path, excluded: Sequence[str]) -> Contents:
    """List a folder and read its headers; refuse what must never be loaded."""
    listed = tuple(list_files(folder, excluded))
    refuse_formats([file.path for file in listed])
    weights = {
        file.path: read_header(file.real, file.stamp.size, file.path)
        for file in listed
        if file.path.endswith(".safetensors")
    }
    contents = Contents(listed, weights, _gguf(listed, weights))
    refuse_remote_code(contents.json, [file.path for file in listed], excluded)
    check_unique(weights)
    for file in listed:
        if file.path.endswith(INDEX_ENDING):
            check_index(file.path, contents.json(file.path), weights)
    if not any(weights.values()) and contents.gguf is None:
        raise SnapshotRefused(
            f"expected weights (*.safetensors or *.gguf) in {folder}, found none among "
            f"{len(listed)} files; convert the model to safetensors first"
        )
    return contents


def _gguf(listed: Sequence[Listed], weights: dict[str, list[Tensor]]) -> GgufModel | None:
    files = [file for file in listed if file.path.lower().endswith(".gguf")]
    if not files:
        return None
    if weights:
        raise SnapshotRefused(
            f"expected weights in one format, found {min(weights)} and {files[0].path}; pin the "
            "GGUF file by its own path, or leave it out with --exclude '*.gguf'"
        )
    return join({file.path: read_gguf(file.real, file.stamp.size, file.path) for file in files})

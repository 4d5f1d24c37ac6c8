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
from reprollm.snapshot.names import refuse_formats
from reprollm.snapshot.safetensors import Tensor, read_header
from reprollm.snapshot.shards import INDEX_ENDING, check_index, check_unique

GGUF_MAGIC = b"GGUF"
GIT_BYTES = 10 * 1024 * 1024
MAX_TEXT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Contents:
    """A folder that may be pinned: its files, and the tensors of each safetensors file."""

    listed: tuple[Listed, ...]
    tensors: dict[str, list[Tensor]]

    def jobs(self) -> list[Job]:
        """Return what to hash, in the order of `listed`."""
        return [
            Job(
                name=file.path,
                path=file.real,
                stamp=file.stamp,
                spans=tuple((t.begin, t.end) for t in self.tensors.get(file.path, ())),
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
        except (ValueError, RecursionError) as error:
            raise SnapshotRefused(f"expected JSON in {path}, found {error}") from None
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
    contents = Contents(listed, weights)
    refuse_remote_code(contents.json, [file.path for file in listed], excluded)
    check_unique(weights)
    for file in listed:
        if file.path.endswith(INDEX_ENDING):
            check_index(file.path, contents.json(file.path), weights)
    gguf = [file for file in listed if file.path.lower().endswith(".gguf")]
    for file in gguf:
        _check_magic(file)
    if not any(weights.values()) and not gguf:
        raise SnapshotRefused(
            f"expected weights (*.safetensors or *.gguf) in {folder}, found none among "
            f"{len(listed)} files; convert the model to safetensors first"
        )
    return contents


def _check_magic(file: Listed) -> None:
    with file.real.open("rb") as opened:
        magic = opened.read(len(GGUF_MAGIC))
    if magic != GGUF_MAGIC:
        raise SnapshotRefused(
            f"{file.path} is not a GGUF file: expected it to begin with {GGUF_MAGIC!r}, "
            f"found {magic!r}"
        )

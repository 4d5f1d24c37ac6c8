"""Pins a folder: lists, refuses, hashes and describes it; the result is its lock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reprollm.snapshot import hub
from reprollm.snapshot.chat import chat_templates
from reprollm.snapshot.chunks import Progress
from reprollm.snapshot.contents import Contents, open_snapshot
from reprollm.snapshot.facts import read_facts
from reprollm.snapshot.files import Listed
from reprollm.snapshot.hashing import Hashed, hash_files
from reprollm.snapshot.licence import read_licence
from reprollm.snapshot.lock import SCHEMA, Hub, Lock
from reprollm.snapshot.manifest import (
    File,
    TensorDigest,
    file_weights_digest,
    snapshot_id,
    tokenizer_digest,
    weights_digest,
)
from reprollm.snapshot.names import check_name, check_pattern


def pin(
    folder: Path,
    *,
    name: str | None = None,
    excluded: Sequence[str] = (),
    progress: Progress | None = None,
) -> Lock:
    """Return the lock of a model folder.

    Args:
        folder: the snapshot: a folder of its own, or one in the Hugging Face cache.
        name: for people; by default the folder's or repository's name.
        excluded: patterns of files that do not belong to the snapshot (`*.bin`, `original/*`).
        progress: called from several threads with the number of bytes just read.

    Raises:
        InvalidInput: no such folder, a name that hides, or a pattern that can match nothing.
        SnapshotRefused: it holds pickles, code, paths out of the folder, or malformed weights.
        SnapshotChanged: a file changed while it was hashed, or is not what its blob's name says.
    """
    patterns = tuple(sorted({check_pattern(pattern) for pattern in excluded}))
    origin = hub.origin(folder.resolve())
    called = origin.repo.rpartition("/")[2] if origin else folder.resolve().name
    called = check_name(called if name is None else name)
    contents = open_snapshot(folder, patterns)
    hashed = hash_files(contents.jobs(), progress)
    files = _files(contents.listed, hashed)
    templates = chat_templates(contents.json, contents.text)
    tensors = [tensor for found in contents.tensors.values() for tensor in found]
    facts = read_facts(contents.json, templates, tensors)
    return Lock(
        schema=SCHEMA,
        name=called,
        snapshot=snapshot_id(files),
        weights=_weights(contents, hashed, files),
        tokenizer=tokenizer_digest(files),
        chat_template=facts.chat_template,
        licence=read_licence(files, contents.prose("README.md")),
        hub=Hub(origin.repo, origin.commit) if origin else None,
        excluded=patterns,
        facts=facts,
        files=files,
    )


def _files(listed: Sequence[Listed], hashed: Sequence[Hashed]) -> tuple[File, ...]:
    files = []
    for file, hashes in zip(listed, hashed, strict=True):
        if file.blob is not None:
            hub.check_blob(file.path, file.blob, hashes.sha256, hashes.git_blob)
        files.append(File(file.path, file.stamp.size, hashes.sha256, hashes.git_blob))
    return tuple(files)


def _weights(contents: Contents, hashed: Sequence[Hashed], files: Sequence[File]) -> str:
    if not contents.tensors:
        return file_weights_digest(file for file in files if file.path.lower().endswith(".gguf"))
    return weights_digest(
        TensorDigest(tensor.name, tensor.dtype, tensor.shape, sha256)
        for file, hashes in zip(contents.listed, hashed, strict=True)
        for tensor, sha256 in zip(contents.tensors.get(file.path, ()), hashes.spans, strict=True)
    )

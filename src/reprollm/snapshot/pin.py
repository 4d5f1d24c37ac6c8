"""Pins a folder: lists, refuses, hashes and describes it; the result is its lock."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from reprollm.errors import InvalidInput
from reprollm.snapshot import hub
from reprollm.snapshot.chat import chat_templates
from reprollm.snapshot.chunks import Progress
from reprollm.snapshot.contents import Contents, open_snapshot
from reprollm.snapshot.derivation import Source
from reprollm.snapshot.facts import Facts, read_facts
from reprollm.snapshot.files import Listed
from reprollm.snapshot.gguf_claims import gguf_claims
from reprollm.snapshot.gguf_facts import gguf_facts
from reprollm.snapshot.gguf_identity import describe, gguf_tokenizer_digest
from reprollm.snapshot.hashing import Hashed, hash_files
from reprollm.snapshot.licence import Licence, read_licence
from reprollm.snapshot.lock import SCHEMA, Hub, Lock
from reprollm.snapshot.manifest import (
    File,
    TensorDigest,
    snapshot_id,
    tokenizer_digest,
    weights_digest,
)
from reprollm.snapshot.merge import read_merge
from reprollm.snapshot.names import check_name, check_pattern
from reprollm.snapshot.single import single


def pin(
    folder: Path,
    *,
    name: str | None = None,
    excluded: Sequence[str] = (),
    base: Lock | None = None,
    progress: Progress | None = None,
) -> Lock:
    """Return the lock of a model folder, or of a single GGUF file.

    Args:
        folder: the snapshot: a folder of its own, one in the Hugging Face cache, or a GGUF file
            (of a split model any part), beside which others may lie.
        name: for people; by default the folder's or repository's name.
        excluded: patterns of files that do not belong to the snapshot (`*.bin`, `original/*`).
        base: of an adapter, the snapshot that it was trained on.
        progress: called from several threads with the number of bytes just read.

    Raises:
        InvalidInput: no such folder, a base for what is no adapter,
            a name that hides, or a pattern that can match nothing.
        SnapshotRefused: it holds pickles, code, paths out of the folder, or malformed weights.
        SnapshotChanged: a file changed while it was hashed, or is not what its blob's name says.
    """
    path = folder
    folder, excluded = single(path, excluded)
    patterns = tuple(sorted({check_pattern(pattern) for pattern in excluded}))
    origin = hub.origin(folder.resolve())
    called = origin.repo.rpartition("/")[2] if origin else folder.resolve().name
    called = path.name[: -len(".gguf")] if path != folder else called
    called = check_name(called if name is None else name)
    contents = open_snapshot(folder, patterns)
    hashed = hash_files(contents.jobs(), progress)
    files = _files(contents.listed, hashed)
    facts = dataclasses.replace(_facts(contents), merge=read_merge(contents.prose))
    return Lock(
        schema=SCHEMA,
        name=called,
        snapshot=snapshot_id(files),
        weights=weights_digest(_tensors(contents, hashed)),
        tokenizer=_tokenizer(contents, files),
        chat_template=facts.chat_template,
        licence=_licence(contents, files),
        hub=Hub(origin.repo, origin.commit) if origin else None,
        excluded=patterns,
        facts=facts,
        files=files,
        gguf=describe(contents.gguf) if contents.gguf else None,
        base=_trained_on(base, facts) if base else None,
    )


def _trained_on(base: Lock, facts: Facts) -> Source:
    if facts.adapter is None or base.facts.adapter is not None:
        raise InvalidInput(
            "expected a base for an adapter (a folder with adapter_config.json) and a whole model "
            f"as that base, found {base.name!a:.80} for what is none; leave --base out"
        )
    return Source("training base", base.name, base.snapshot, base.weights)


def _licence(contents: Contents, files: Sequence[File]) -> Licence:
    """Return what licence texts and model card say; a GGUF file speaks where no card does."""
    licence = read_licence(files, contents.prose("README.md"), contents.prose)
    if licence.claims is not None or contents.gguf is None:
        return licence
    return dataclasses.replace(licence, claims=gguf_claims(contents.gguf.header))


def _facts(contents: Contents) -> Facts:
    if contents.gguf is not None:
        return gguf_facts(contents.gguf)
    templates = chat_templates(contents.json, contents.text)
    tensors = [tensor for found in contents.tensors.values() for tensor in found]
    return read_facts(contents.json, templates, tensors)


def _tokenizer(contents: Contents, files: Sequence[File]) -> str:
    """Return the tokenizer's digest: a GGUF model's own stands before files beside it."""
    if contents.gguf is not None and "tokenizer.ggml.tokens" in contents.gguf.header.metadata:
        return gguf_tokenizer_digest(contents.gguf.header.metadata)
    return tokenizer_digest(files)


def _files(listed: Sequence[Listed], hashed: Sequence[Hashed]) -> tuple[File, ...]:
    files = []
    for file, hashes in zip(listed, hashed, strict=True):
        if file.blob is not None:
            hub.check_blob(file.path, file.blob, hashes.sha256, hashes.git_blob)
        files.append(File(file.path, file.stamp.size, hashes.sha256, hashes.git_blob))
    return tuple(files)


def _tensors(contents: Contents, hashed: Sequence[Hashed]) -> Iterator[TensorDigest]:
    for file, hashes in zip(contents.listed, hashed, strict=True):
        spans = iter(hashes.spans)
        for tensor in contents.tensors.get(file.path, ()):
            yield TensorDigest(tensor.name, tensor.dtype, tensor.shape, next(spans))
        part = contents.gguf.files.get(file.path) if contents.gguf else None
        for stored in part.tensors if part else ():
            yield TensorDigest(stored.name, stored.type.name, stored.shape, next(spans))

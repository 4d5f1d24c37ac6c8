"""`*.lock.json`: the identity of a snapshot in one file that an experiment names.

The file is pretty-printed JSON in a fixed order, so that pinning the same files twice writes the
same bytes. Reading it re-derives every identity that follows from the list of files, and refuses a
lock that contradicts itself; what needs the weights themselves is checked against the folder.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from reprollm.canon import Json
from reprollm.errors import InvalidInput
from reprollm.records.shard import write_once
from reprollm.snapshot.claim import Claim
from reprollm.snapshot.derivation import Derivation, Source
from reprollm.snapshot.facts import STRICT, Facts
from reprollm.snapshot.gguf_identity import Gguf
from reprollm.snapshot.licence import Licence
from reprollm.snapshot.manifest import File, snapshot_id, tokenizer_digest
from reprollm.snapshot.names import check_name, check_path, refuse_formats

SCHEMA = "reprollm/lock/2"
SCHEMAS = ("reprollm/lock/1", SCHEMA)
"""Locks of the first form load too; what only later ones say is None in them."""
MAX_LOCK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Hub:
    """Where the snapshot was fetched, or in which cache pinned: circumstance, not identity.

    `host` is None for the Hugging Face hub, else `modelscope`.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    repo: str
    commit: str
    host: str | None = None

    def to_record(self) -> dict[str, Json]:
        """Return the place as canonical JSON; the host only where it is another."""
        record: dict[str, Json] = {"repo": self.repo, "commit": self.commit}
        return record | ({"host": self.host} if self.host else {})


@dataclass(frozen=True)
class Lock:
    """A pinned snapshot.

    Attributes:
        name: for people; two snapshots may share it, their ids never.
        snapshot: identity of the files, hex (see `reprollm.snapshot.manifest`).
        weights: digest over the tensors, hex, the same however they are sharded.
        tokenizer: digest over the tokenizer's files, hex.
        chat_template: SHA-256 of the default chat template's text, hex, or None.
        files: every file, sorted by path.
        excluded: patterns of files in the folder that do not belong to the snapshot.
        facts: what the files say of the model.
        derivation: how these weights were made from others, where that is recorded.
        claim: what a server says of a model whose files are not on this machine, else None.
        gguf: what identifies a GGUF model besides its files, else None.
        base: of an adapter the snapshot that it was trained on, where whoever pinned it knew.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    schema: str
    name: str
    snapshot: str
    weights: str
    tokenizer: str
    chat_template: str | None
    licence: Licence
    hub: Hub | None
    excluded: tuple[str, ...]
    facts: Facts
    files: tuple[File, ...]
    derivation: Derivation | None = None
    claim: Claim | None = None
    gguf: Gguf | None = None
    base: Source | None = None

    @property
    def total_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.size for file in self.files)

    @property
    def gguf_file(self) -> str | None:
        """Path of the GGUF file that a program opens, of a split one the first part, or None."""
        if self.gguf is None:
            return None
        return min(file.path for file in self.files if file.path.lower().endswith(".gguf"))

    def to_json(self) -> str:
        """Return the text of the lock file."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    def to_record(self) -> dict[str, Json]:
        """Return the fields of a `snapshot` record (canonical JSON, no floats)."""
        hub: Json = self.hub.to_record() if self.hub else None
        facts = self.facts.to_record() | {
            "tokenizer": self.tokenizer,
            "chat_template": self.chat_template,
            "licence": self.licence.to_record(),
            "hub": hub,
            "excluded": list(self.excluded),
        }
        if self.claim is not None:
            facts["claim"] = self.claim.to_record()
        if self.gguf is not None:
            facts["gguf"] = self.gguf.to_record()
        if self.base is not None:
            facts["base"] = self.base.to_record()
        return {
            "snapshot": self.snapshot,
            "weights": self.weights,
            "name": self.name,
            "files": [file.to_record() for file in self.files],
            "facts": facts,
        }


def load_lock(path: Path) -> Lock:
    """Return the lock in `path`.

    Raises:
        InvalidInput: no such file, not a lock, unknown keys, or ids that its own list of files
            contradicts.
        SnapshotRefused: it names files that are never loaded.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LOCK_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            f"expected a lock file at {path}: {error.strerror}; "
            "make one with 'reprollm model pin FOLDER -o FILE'"
        ) from None
    if len(content) > MAX_LOCK_BYTES:
        raise InvalidInput(f"expected a lock file below {MAX_LOCK_BYTES} bytes at {path}")
    lock = _parse(content, path)
    _check_consistent(lock, path)
    return lock


def write_lock(lock: Lock, path: Path, *, replace: bool) -> bool:
    """Write the lock; return False when the file holds just that already.

    Raises:
        InvalidInput: another lock lies there and `replace` is false.
        StorageFailed: the file system refused.
    """
    content = lock.to_json().encode("utf-8")
    if path.exists():
        if path.read_bytes() == content:
            return False
        if not replace:
            raise InvalidInput(
                f"expected no other lock at {path}, found one; "
                "name another file with -o, or overwrite it with --replace"
            )
        path.unlink()
    write_once(path, content)
    path.chmod(0o644)
    return True


def _parse(content: bytes, path: Path) -> Lock:
    try:
        json.loads(content.decode("utf-8"), object_pairs_hook=_unique)
        return TypeAdapter(Lock).validate_json(content)
    except ValidationError as error:
        raise InvalidInput(f"{path} is not a lock file: {_explain(error)}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not a lock file: expected JSON, found {error}") from None


def _check_consistent(lock: Lock, path: Path) -> None:
    paths = [check_path(file.path, str(path)) for file in lock.files]
    refuse_formats(paths)
    check_name(lock.name)
    if lock.schema not in SCHEMAS:
        raise InvalidInput(
            f"expected a lock of schema {SCHEMA} in {path}, found {lock.schema!a:.80}; pin the "
            "model again with this release"
        )
    named = not any(path.lower().endswith(".gguf") for path in paths) and lock.claim is None
    claimed = lock.files if lock.claim is None else (lock.claim.file(),)
    derived = (
        ("files", lock.files, claimed),
        ("sorted unique file paths", paths, sorted(set(paths))),
        ("snapshot", lock.snapshot, snapshot_id(lock.files)),
        ("tokenizer", lock.tokenizer, tokenizer_digest(lock.files) if named else lock.tokenizer),
        ("chat_template", lock.chat_template, lock.facts.chat_template),
    )
    for what, written, expected in derived:
        if written != expected:
            raise InvalidInput(
                f"{path} contradicts itself: expected {what} {expected!s:.80}, "
                f"found {written!s:.80}; it was edited or damaged, take the original again"
            )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError(f"a key twice among {sorted(value)}")
    return value


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] != "unexpected_keyword_argument":
        return f"{where}: {first['msg']}"
    known = _fields_at(first["loc"][:-1])
    close = get_close_matches(str(first["loc"][-1]), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
    return f"unknown key {where!r}; {hint}"


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the lock's schema knows at a place such as `files.0`."""
    holders = {
        "files": File,
        "facts": Facts,
        "licence": Licence,
        "hub": Hub,
        "derivation": Derivation,
        "claim": Claim,
        "gguf": Gguf,
    }
    holder = holders.get(str(location[0]), Lock) if location else Lock
    return [field.name for field in dataclasses.fields(holder)]

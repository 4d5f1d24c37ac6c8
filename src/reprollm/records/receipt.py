"""Receipts: small files that say what a step of the workflow did; never evidence.

Snakemake may delete and rewrite them. They are canonical JSON and appear whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from reprollm.canon import Json, dumps
from reprollm.errors import StorageFailed
from reprollm.records.shard import ShardReference, make_folder, sync_folder

SCHEMA = "reprollm/receipt/1"


def write_receipt(path: Path, stage: str, shards: Iterable[ShardReference], **facts: Json) -> None:
    """Write the receipt of one finished step, replacing an older one.

    Raises:
        StorageFailed: the file system refused; an older receipt is as it was.
    """
    named: list[Json] = [dict(shard.to_json()) for shard in shards]
    replace_file(path, dumps({"schema": SCHEMA, "stage": stage, "shards": named, **facts}) + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` durably and whole, replacing what is there.

    Raises:
        StorageFailed: the file system refused; what was at `path` is as it was.
    """
    temporary = path.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        make_folder(path.parent)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageFailed(
            f"could not write {path}: {error.strerror}; nothing there was changed, "
            "make room or allow writing and start again"
        ) from error

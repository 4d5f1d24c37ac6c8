"""A ledger folder without what is withheld: all bytes of the log, some of the openings."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from reprollm.errors import ProjectionMismatch, StorageFailed
from reprollm.exposure.carried import FILE as CARRIED
from reprollm.ledger import projection
from reprollm.ledger.segments import Segment, checkpoint_path
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.commitment import Opening, Withheld
from reprollm.records.sealed import openings_line, parse_openings_line
from reprollm.records.shard import ShardReference, make_folder, read_lines, sync_folder, write_once
from reprollm.withholding.withhold import PUBLIC, Withholding

PROJECTIONS = "projections"
REQUESTS_FILE = "requests.parquet"
_PLAN = ("plan.json", CARRIED)
_COPIED = ("signatures/*.note", "signatures/*.sshsig", "signatures/*.tsr")
_KEYS = ("keys/*.vkey", "keys/*.pub", "keys/*.pem")


def copy_reduced(
    ledger: Path, segments: Sequence[Segment], withholding: Withholding, into: Path
) -> None:
    """Copy the log with its evidence, and the openings that are left, from `ledger` to `into`.

    Raises:
        StorageFailed: the file system refused.
    """
    try:
        for path in _evidence(ledger, segments, withholding):
            _copy(path, into / path.relative_to(ledger))
        for segment in segments:
            for shard in segment.shards:
                _reduce(ledger, shard, withholding, into)
    except OSError as error:
        raise StorageFailed(
            f"could not write {into}: {error.strerror or error}; make room or allow writing and "
            "start again"
        ) from error


def reduced(openings: Sequence[Opening | Withheld], salts: Withholding) -> list[Opening | Withheld]:
    """Return what stays of one record's openings: texts, salts, or nothing, in their order."""
    kept: list[Opening | Withheld] = []
    for opening in openings:
        if not salts.hides(opening.field):
            kept.append(opening)
        elif salts.salts[opening.field] == PUBLIC:
            kept.append(Withheld(opening.field, opening.salt))
    return kept


def projected(
    ledger: Path,
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    name: str,
    into: Path,
) -> None:
    """Put the projection of the reduced ledger in `into`: the one kept in `ledger`, or a new one.

    DuckDB's files differ from build to build, so a built one is kept with its SHA-256 beside it.

    Args:
        ledger: the source ledger, where projections are kept.
        segments: the log's segments.
        checkpoints: the log's checkpoints.
        name: the statement's name, under which its projection is kept.
        into: the reduced ledger folder.

    Raises:
        ProjectionMismatch: the file that was kept is not the one that was written.
        StorageFailed: the file system refused.
    """
    kept = ledger / PROJECTIONS / f"{name}.duckdb"
    record = kept.with_suffix(".sha256")
    try:
        if record.exists():
            _check_kept(kept, record)
            _copy(kept, into / projection.FILE)
            if projection.is_current(into, checkpoints):
                return
            # Made by another release, whose views differ: this release's takes its place.
            record.unlink()
        with suppress(FileNotFoundError):
            kept.unlink()
        projection.build(into, segments, checkpoints)
        _keep(into / projection.FILE, kept)
        write_once(record, f"{_sha256(kept)}  {kept.name}\n".encode())
    except OSError as error:
        raise StorageFailed(
            f"could not write the projection to {into} or {kept}: {error.strerror or error}; make "
            "room or allow writing and start again"
        ) from error


def _evidence(
    ledger: Path, segments: Sequence[Segment], withholding: Withholding
) -> Iterator[Path]:
    plans = set()
    for segment in segments:
        yield segment.path(ledger)
        yield checkpoint_path(ledger, segment.size)
        for shard in segment.shards:
            yield shard.path(ledger)
            plans.add(shard.group.partition("/")[0])
    for pattern in (*_COPIED, *_KEYS):
        yield from sorted(ledger.glob(pattern))
    for folder in sorted((ledger / "plans").glob("*/")):
        if f"plan-{folder.name[:16]}" not in plans:
            continue
        yield from (path for name in _PLAN if (path := folder / name).is_file())
        yield from sorted(folder.glob("runs/*.json"))
        if not withholding.hides_requests and (folder / REQUESTS_FILE).is_file():
            yield folder / REQUESTS_FILE


def _reduce(ledger: Path, shard: ShardReference, withholding: Withholding, into: Path) -> None:
    source, target = shard.openings_path(ledger), shard.openings_path(into)
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    empty = True
    with target.open("xb") as file:
        for line in read_lines(source):
            leaf, openings = parse_openings_line(line)
            if left := reduced(openings, withholding):
                file.write(openings_line(leaf, left) + b"\n")
                empty = False
    if empty:
        target.unlink()
        with suppress(OSError):
            target.parent.rmdir()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _keep(source: Path, target: Path) -> None:
    """Copy a file durably and whole to its place."""
    make_folder(target.parent)
    temporary = target.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        with source.open("rb") as file, temporary.open("xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        temporary.chmod(0o444)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _check_kept(kept: Path, record: Path) -> None:
    expected, _, name = record.read_text("utf-8", "replace").rstrip("\n").partition("  ")
    found = _sha256(kept) if kept.is_file() else "no such file"
    if found != expected or name != kept.name:
        raise ProjectionMismatch(
            f"expected {kept} to be as an earlier publication wrote it (SHA-256 {expected}), found "
            f"{found}; bring the file back from a copy, or delete it and {record.name} to build it "
            "anew: the bundle will then differ in ledger.duckdb from the one published before"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

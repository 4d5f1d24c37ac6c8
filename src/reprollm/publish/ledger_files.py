"""Which files of a ledger folder go into a bundle: those that are evidence, and the projection.

Only what the last checkpoint covers is taken. Locks, journals, receipts, item scores, and shards
that no commit has taken in stay behind; nothing is found by listing a folder that others may fill,
except signatures and public keys, whose names are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from reprollm.bundles.members import Member
from reprollm.errors import InvalidInput
from reprollm.exposure.carried import FILE as CARRIED
from reprollm.ledger.projection import FILE
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    checkpoint_path,
    read_checkpoints,
    read_segments,
)

FOLDER = "ledger"
REQUESTS_FILE = "requests.parquet"
_SIGNATURE = re.compile(r"[0-9]{12}\.[0-9a-f]{8,16}\.(note|sshsig|tsr)\Z")
_KEY = re.compile(r"[0-9a-f]{8,16}\.(vkey|pub|pem)\Z")
_SECRETS = (b"PRIVATE+KEY+", b"PRIVATE KEY")


def ledger_members(ledger: Path, plans: list[str]) -> list[Member]:
    """Return the members below `ledger/` of a bundle.

    Args:
        ledger: the ledger folder.
        plans: ids of the plans in the log, hex.

    Raises:
        InvalidInput: the folder holds no log, or a private key lies among the public ones.
        CheckpointMismatch: the log is damaged.
    """
    checkpoints = read_checkpoints(ledger)
    segments = acknowledged(read_segments(ledger), checkpoints)
    if not segments:
        raise InvalidInput(f"expected a log in {ledger}, found none; commit the ledger first")
    paths = list(_log(ledger, segments))
    for folder, names in (("signatures", _SIGNATURE), ("keys", _KEY)):
        paths += _named(ledger / folder, names)
    for plan in plans:
        paths += _plan(ledger / "plans" / plan)
    paths.append(ledger / FILE)
    return [Member(f"{FOLDER}/{path.relative_to(ledger).as_posix()}", path) for path in paths]


def _log(ledger: Path, segments: list[Segment]) -> Iterator[Path]:
    for segment in segments:
        yield segment.path(ledger)
        yield checkpoint_path(ledger, segment.size)
        for shard in segment.shards:
            yield shard.path(ledger)
            if (openings := shard.openings_path(ledger)).is_file():
                yield openings


def _named(folder: Path, names: re.Pattern[str]) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if names.match(path.name) and path.is_file():
            content = path.read_bytes()
            if any(secret in content for secret in _SECRETS):
                raise InvalidInput(
                    f"expected signatures and public keys in {folder}, found a private key in "
                    f"{path.name}; move it away, and make a new one if anyone may have seen it"
                )
            yield path


def _plan(folder: Path) -> Iterator[Path]:
    for name in ("plan.json", REQUESTS_FILE, CARRIED):
        if (folder / name).is_file():
            yield folder / name
    yield from sorted((folder / "runs").glob("*.json"))

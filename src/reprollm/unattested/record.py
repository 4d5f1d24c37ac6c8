"""From a log of another harness to records, published once.

All of a log is one shard: the import record, then its samples in the file's order. Whoever takes
the same file in again finds it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import InvalidInput
from reprollm.ledger.lock import writing
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import ShardReference, make_folder, publish, read_records
from reprollm.records.time import utc_now
from reprollm.unattested.claimed import ForeignLog, Sample


@dataclass(frozen=True)
class TakenIn:
    """What came of taking a log in.

    Attributes:
        shard: the shard that holds it.
        new: whether it was published now; False where the same file was taken in before.
    """

    shard: ShardReference
    new: bool


def take_in(ledger: Path, log: ForeignLog) -> TakenIn:
    """Publish a log's records in `ledger`, unless it was taken in before.

    The folder is made where there is none. `reprollm ledger commit` takes the shard into the log.

    Raises:
        InvalidInput: `ledger` is a file, or a text is too long for a record.
        Busy: another process commits, verifies or takes something in.
        StorageFailed: the file system refused; nothing was published.
    """
    if ledger.exists() and not ledger.is_dir():
        raise InvalidInput(f"expected a folder at {ledger}, found a file")
    make_folder(ledger)
    group = f"import-{log.id[:16]}"
    with writing(ledger):
        for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
            records = list(read_records(path))
            if records and records[0].get("import") == log.id:
                return TakenIn(ShardReference(group, path.stem, len(records)), False)
        return TakenIn(publish(ledger, group, _sealed(log, utc_now())), True)


def _sealed(log: ForeignLog, now: str) -> Iterator[Sealed]:
    yield Sealed(
        new(
            "import",
            **{"import": log.id},
            tool=log.tool,
            tool_version=log.tool_version,
            format=log.format,
            file=log.file.to_json(),
            claims=log.claims,
            unsaid=list(log.unsaid),
            samples=len(log.samples),
            created=now,
        )
    )
    for index, sample in enumerate(log.samples):
        yield _imported(log.id, index, sample)


def _imported(identity: str, index: int, sample: Sample) -> Sealed:
    record = new(
        "imported",
        **{"import": identity},
        index=index,
        item=sample.item,
        stratum=sample.stratum,
        sampling=sample.sampling,
        seed=sample.seed,
        repetition=sample.repetition,
        model=sample.model,
        finish=sample.finish,
        claimed=sample.claimed,
    )
    texts = {"prompt": sample.prompt, "reference": sample.reference, "output": sample.output}
    return seal_record(record, {name: _bytes(text) for name, text in texts.items()})


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8")

"""Declarations into a ledger, and what ledgers say of exposure out of it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.card.card import card_of
from reprollm.card.subject import of_record as subject_of
from reprollm.experiment.exposure import Declarations, read_declarations
from reprollm.experiment.load import Experiment
from reprollm.exposure.account import Account, NamedModel, fields_of
from reprollm.exposure.declared import Declared, cutoff_declared, declaration_records, of_record
from reprollm.exposure.verdict import model_of, pinned
from reprollm.ledger.projection import opened
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now
from reprollm.signing.stamp import verify
from reprollm.snapshot.lock import Lock

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def load_declarations(path: Path) -> Declarations:
    """Return what a file declares, its time stamps checked; see `read_declarations`."""
    return read_declarations(path, _stamp_time)


def declared_of(experiment: Experiment, lock: Lock) -> list[Declared]:
    """Return what the experiment's declarations say, and its model's claimed cutoff.

    Args:
        experiment: it may name declarations in its section `contamination`.
        lock: the model's.

    Raises:
        ExperimentInvalid, DataInvalid: the file, or evidence that it names, is not right.
    """
    path = experiment.checks.declarations
    declared = load_declarations(path).declared if path is not None else ()
    return [*declared, *claimed_cutoff(lock)]


def publish_declared(
    declared: Iterable[Declared], plan: str | None, ledger: Path
) -> ShardReference | None:
    """Publish the declarations that the ledger does not hold yet; None where it holds all.

    Raises:
        StorageFailed: the file system refused.
    """
    group = f"declaration-{plan[:16]}" if plan else "declaration-any"
    records = declaration_records(declared, plan, utc_now(), published_declarations(ledger))
    return publish(ledger, group, map(Sealed, records)) if records else None


def published_declarations(ledger: Path) -> list[dict[str, Any]]:
    """Return the declaration records that the ledger's shards hold, committed or not."""
    paths = sorted((ledger / "shards").glob("declaration-*/*.jsonl"))
    return [record for path in paths for record in read_records(path)]


def claimed_cutoff(lock: Lock) -> list[Declared]:
    """Return the training cutoff that the model's card claims; none for what is derived."""
    return _cutoff_of(lock.snapshot, lock.to_record())


def accounts(ledgers: Sequence[Path]) -> list[Account]:
    """Return what committed ledgers say of each data set, in the order of the ledgers.

    Ledgers whose plans were made from the same data file are counted together.

    Raises:
        InvalidInput: a ledger has no projection yet.
    """
    found: dict[str, list[Account]] = {}
    for ledger in ledgers:
        with opened(ledger) as connection:
            for sha256, account in _accounts(connection):
                found.setdefault(sha256, []).append(account)
    return [_joined(same) for same in found.values()]


def _accounts(connection: DuckDBPyConnection) -> Iterator[tuple[str, Account]]:
    declared = list(_records(connection, "declaration"))
    exposed = list(_records(connection, "exposed"))
    snapshots = {record["snapshot"]: record for record in _records(connection, "snapshot")}
    for plan in _records(connection, "plan"):
        core, name = plan["core"], plan["plan"]
        sent = tuple(record for record in exposed if record["plan"] == name)
        mine = [of_record(each) for each in declared if each["plan"] in (None, name)]
        mine += _cutoff_of(core["snapshot"], snapshots.get(core["snapshot"]))
        rows = connection.execute(_ITEMS, [name]).fetchall()
        model = model_of(core["snapshot"], pinned(core["engine"]), mine)
        called = _called(core, snapshots)
        opened_prompts = connection.execute(_PROMPTS, [name]).fetchone()
        yield (
            core["data_sha256"],
            Account(
                name=plan["experiment"],
                items=tuple(row[0] for row in rows),
                fields=fields_of(any(row[1] for row in rows), sent, mine),
                exposed=sent,
                declared=tuple(mine),
                models=(NamedModel(called, model),),
                policies=_policies(core, mine),
                asked={record["address"]: (called,) for record in sent},
                prompts_open=opened_prompts is not None,
            ),
        )


def _joined(same: Sequence[Account]) -> Account:
    """Return several accounts of one data set as one."""
    first = same[0]
    asked: dict[str, tuple[str, ...]] = {}
    for each in same:
        for address, names in each.asked.items():
            asked[address] = tuple(dict.fromkeys((*asked.get(address, ()), *names)))
    # A declaration may stand in every ledger, and in one of each plan.
    declared = {_key(one): one for each in same for one in each.declared}
    models = {(named.name, named.model): named for each in same for named in each.models}
    sent = tuple(record for each in same for record in each.exposed)
    gold = any("gold" in each.fields for each in same)
    return Account(
        name=", ".join(dict.fromkeys(each.name for each in same)),
        items=tuple(dict.fromkeys(item for each in same for item in each.items)),
        fields=fields_of(gold, sent, declared.values()) if len(same) > 1 else first.fields,
        exposed=sent,
        declared=tuple(declared.values()),
        models=tuple(models.values()),
        policies={digest: said for each in same for digest, said in each.policies.items()},
        asked=asked,
        prompts_open=any(each.prompts_open for each in same),
    )


def _key(declared: Declared) -> str:
    return json.dumps(
        [declared.what, declared.subject, declared.field, declared.evidence], sort_keys=True
    )


def _called(core: Mapping[str, Any], snapshots: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name by which people know what a plan asks."""
    server = core["engine"].get("server")
    if isinstance(server, dict):
        return str(server["model"])
    return str(snapshots.get(core["snapshot"], {}).get("name", core["snapshot"][:16]))


def _policies(
    core: Mapping[str, Any], declared: Iterable[Declared]
) -> dict[str, Mapping[str, Any]]:
    """Return what policies say, by the digest of their files."""
    found = {each.evidence["policy"]: each.evidence for each in declared if each.what == "policy"}
    if "policy_sha256" in core:
        found[core["policy_sha256"]] = core["policy"]
    return found


def _cutoff_of(snapshot: str, record: Mapping[str, Any] | None) -> list[Declared]:
    card = card_of(subject_of(record)) if record is not None else None
    if card is None or not card.own or card.cutoff is None:
        return []
    source = card.cutoff.source
    told = {"document": source.document, "date": source.date, "sure": source.sure}
    return [cutoff_declared(snapshot, card.cutoff.latest, card.data, dict(told))]


def _stamp_time(answer: bytes, chain: bytes, text: bytes) -> tuple[str, str]:
    stamp = verify(answer, chain, text)
    return stamp.time, stamp.root


def _records(connection: DuckDBPyConnection, kind: str) -> Iterator[dict[str, Any]]:
    query = 'SELECT canon FROM log WHERE kind = ? ORDER BY "position"'
    for row in connection.execute(query, [kind]).fetchall():
        yield json.loads(row[0])


_ITEMS = """
    SELECT item, bool_or((canon->>'$.reference') IS NOT NULL) FROM log
    WHERE kind = 'request' AND plan = ? GROUP BY item ORDER BY min("index")
"""

_PROMPTS = """
    SELECT 1 FROM opening o JOIN log l ON l."position" = o."position"
    WHERE o.field = 'prompt' AND l.kind = 'request' AND l.plan = ? LIMIT 1
"""

"""The records that requests leave this machine, written before the first of them does.

One `exposure` record says that an attempt sends, where to and how much; an `exposed` record for
each item, field and role says what of the items goes along. They stand on the disk before the first
request is sent, so whatever becomes of the requests, failure, time-out or kill, the items count as
exposed. Before them a server is asked only fixed prompts of this program, which hold no item.
"""

from __future__ import annotations

from collections.abc import Collection

from reprollm.canon import Json
from reprollm.engines.evidence import AttemptNames
from reprollm.engines.protocol import Engine
from reprollm.errors import EngineUnavailable
from reprollm.exposure.carried import exposures
from reprollm.prompts.stored import StoredPlan
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed

KINDS = ("exposure", "exposed")
"""The kinds of these records, in their order."""


def exposure_records(
    names: AttemptNames,
    engine: Engine,
    plan: StoredPlan,
    first: int,
    last: int,
    asked: Collection[str],
    now: str,
) -> list[Sealed]:
    """Return what an attempt must put on record before it sends anything.

    Nothing where the engine is on this machine, or where every answer is taken over.

    Args:
        names: the attempt.
        engine: what will be asked.
        plan: the plan.
        first: the first request of the attempt's slice.
        last: the request after the slice's last one.
        asked: ids of the requests that it is about to send.
        now: RFC 3339 time of writing.
    """
    target = engine.exposure()
    if target is None or not asked:
        return []
    policy = plan.core.get("policy_sha256")
    exposed = [
        new(
            "exposed",
            **names.to_json(),
            item=each.item,
            field=each.field,
            role=each.role,
            requests=each.requests,
            address=target["address"],
            server=target["server"],
            policy=policy,
            created=now,
        )
        for each in exposures(plan.carried(), plan.carriers(first, last), asked)
    ]
    head = exposure_record(names, target, first, last, len(asked), now)
    return [head, *map(Sealed, exposed)]


def require_here(engine: Engine, doing: str) -> None:
    """Raise `EngineUnavailable` where what keeps no ledger would send items off this machine.

    Args:
        engine: what would be asked.
        doing: what keeps no ledger, for the message.
    """
    target = engine.exposure()
    if target is not None:
        raise EngineUnavailable(
            f"expected an engine on this machine for {doing}, which keeps no ledger, found the "
            f"server at {target['address']}: what is sent there would be on no record; use "
            "`reprollm rerun`, which writes it down first"
        )


def exposure_record(
    names: AttemptNames, exposed: dict[str, Json], first: int, last: int, requests: int, now: str
) -> Sealed:
    """Return the exposure record of an attempt.

    Args:
        names: the attempt.
        exposed: `address` and `server`, from `Engine.exposure`.
        first: the first request of the attempt's slice.
        last: the request after the slice's last one.
        requests: how many requests it is about to send.
        now: RFC 3339 time of writing.
    """
    return Sealed(
        new(
            "exposure",
            **names.to_json(),
            address=exposed["address"],
            server=exposed["server"],
            first=first,
            last=last,
            requests=requests,
            created=now,
        )
    )

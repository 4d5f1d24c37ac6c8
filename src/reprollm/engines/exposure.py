"""The record that requests leave this machine, written before the first of them does."""

from __future__ import annotations

from reprollm.canon import Json
from reprollm.engines.evidence import AttemptNames
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed


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

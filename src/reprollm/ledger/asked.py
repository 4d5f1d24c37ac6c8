"""Planned requests as the log holds them, for whoever asks them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.ledger.projection import opened


@dataclass(frozen=True)
class AskedRequest:
    """One request record.

    Attributes:
        position: its place in the log.
        leaf: its leaf hash, hex.
        request: the request id, hex.
        item: the item that it was made from; the first one of several with the same prompt.
        settings: its sampling settings.
        seed: the seed as a decimal string.
        repetition: 0 for the first asking.
        prompt_ids: the prompt's token ids as bytes (`reprollm.records.arrays`); None if withheld.
    """

    position: int
    leaf: str
    request: str
    item: str
    settings: dict[str, Any]
    seed: str
    repetition: int
    prompt_ids: bytes | None


def answered_requests(ledger: Path, run: str) -> list[str]:
    """Return the ids of the distinct requests that have an answer in `run`, sorted."""
    query = "SELECT DISTINCT request FROM log WHERE kind = 'generation' AND run = ?"
    with opened(ledger) as connection:
        return sorted(row[0] for row in connection.execute(query, [run]).fetchall())


def asked_requests(ledger: Path, plan: str, requests: Sequence[str]) -> list[AskedRequest]:
    """Return the first request record of each id in `requests`, in that order."""
    with opened(ledger) as connection:
        rows = connection.execute(_ASKED, [plan, list(requests)]).fetchall()
    found: dict[str, AskedRequest] = {}
    for position, leaf, canon, prompt_ids in rows:
        record = json.loads(canon)
        names = ("request", "item", "settings", "seed", "repetition")
        values = {name: record[name] for name in names}
        asked = AskedRequest(position, leaf, **values, prompt_ids=prompt_ids)
        found.setdefault(asked.request, asked)
    return [found[request] for request in requests]


_ASKED = """
    SELECT l."position", l.leaf, l.canon, ids.bytes
    FROM log l
    LEFT JOIN opening ids ON ids."position" = l."position" AND ids.field = 'prompt_ids'
    WHERE l.kind = 'request' AND l.plan = ? AND list_contains(?::VARCHAR[], l.request)
    ORDER BY l."position"
"""

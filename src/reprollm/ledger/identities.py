"""Whether records carry the ids that follow from what they say, where that can be recomputed.

| record | id | from |
| --- | --- | --- |
| request | `request` | its settings and the opened prompt token ids |
| generation | `result` | its request, finish and the opened output token ids |
| snapshot | `snapshot` | its list of files |
| environment | `environment` | its facts |

An id that is not what it should be damages no hash: the log holds, what it claims does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reprollm.canon import digest, dumps
from reprollm.records.commitment import Opening
from reprollm.records.identity import request_id, result_id

Openings: TypeAlias = Mapping[str, Opening]


def untrue(record: Mapping[str, Any], openings: Openings) -> str | None:
    """Return in words what is wrong with a record's own id; None where nothing is, or is known.

    Raises:
        InvalidInput: opened token ids are no whole number of ids.
    """
    rule = _RULES.get(record["kind"])
    found = rule(record, openings) if rule else None
    name = _FIELDS.get(record["kind"], record["kind"])
    if found is None or found == record[name]:
        return None
    return f"expected the {name} id {found} of what is recorded, found {record[name]}"


def _result(record: Mapping[str, Any], openings: Openings) -> str | None:
    opening = openings.get("output_ids")
    if opening is None:
        return None
    return result_id(record["request"], opening.value, record["finish"])


def _request(record: Mapping[str, Any], openings: Openings) -> str | None:
    opening = openings.get("prompt_ids")
    if opening is None:
        return None
    return request_id(
        snapshot=record["snapshot"],
        tokenizer=record["tokenizer"],
        settings=record["settings"],
        seed=record["seed"],
        repetition=record["repetition"],
        engine=record["engine"],
        dtype=record["dtype"],
        prompt_ids=opening.value,
    )


def _snapshot(record: Mapping[str, Any], openings: Openings) -> str:
    return digest("reprollm/snapshot/v1", dumps({"files": record["files"]}))


def _environment(record: Mapping[str, Any], openings: Openings) -> str:
    return digest("reprollm/environment/v1", dumps(record["facts"]))


_FIELDS = {"generation": "result"}
_RULES: Mapping[str, Callable[[Mapping[str, Any], Openings], str | None]] = {
    "generation": _result,
    "request": _request,
    "snapshot": _snapshot,
    "environment": _environment,
}

"""What each kind of record must hold; the one place that states it.

A kind maps field names to checks. A record has exactly the fields of its kind, besides `schema` and
`kind`; unknown kinds and fields are refused, so that nothing can hide in a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reprollm.errors import InvalidInput

Check: TypeAlias = Callable[[Any], bool]

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_HEX32 = re.compile(r"[0-9a-f]{32}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", re.ASCII)
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?\Z", re.ASCII)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _hash(value: Any) -> bool:
    return isinstance(value, str) and _HEX64.match(value) is not None


def _attempt(value: Any) -> bool:
    return isinstance(value, str) and _HEX32.match(value) is not None


def _time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.match(value) is not None


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _decimal(value: Any) -> bool:
    return isinstance(value, str) and _DECIMAL.match(value) is not None


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _array(value: Any) -> bool:
    return isinstance(value, list)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _checkpoint(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"size", "root"}:
        return False
    return _count(value["size"]) and _hash(value["root"])


def _batch(value: Any) -> bool:
    return isinstance(value, dict) and ("reused" not in value or _attempt(value["reused"]))


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _one_of(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


FINISH = ("stop", "length")
LEVELS = ("all", "stratum", "split")
VERDICTS = ("holds", "fails", "undecided")
ENDINGS = ("complete", "interrupted", "killed", "failed")
SETS = ("suspect", "reference", "twin", "order", "canary")
ITEM_FIELDS = ("source_text", "question", "gold", "rationale")
ROLES = ("prompt", "few_shot", "judge", "retrieval")
DECLARED = ("use", "publication", "policy", "release", "creation")
COMMITTED = {
    "request": ("prompt", "prompt_ids", "source", "reference"),
    "generation": ("output", "output_ids", "logprobs", "margins"),
    "imported": ("prompt", "reference", "output"),
    "likelihood": ("text", "text_ids", "logprobs", "means", "deviations"),
    "continuation": ("expected_ids", "output_ids", "output"),
    "item": ("annotations",),
}
COMMITTED_FIELDS = tuple(sorted({name for names in COMMITTED.values() for name in names}))
TEXT_FIELDS = frozenset({"prompt", "output", "source", "reference", "text", "annotations"})

KINDS: Mapping[str, Mapping[str, Check]] = {
    "plan": {
        "plan": _hash,
        "experiment": _text,
        "core": _object,
        "requests": _count,
        "requests_root": _hash,
        "created": _time,
    },
    "snapshot": {
        "snapshot": _hash,
        "weights": _hash,
        "name": _text,
        "files": _array,
        "facts": _object,
    },
    "request": {
        "plan": _hash,
        "index": _count,
        "request": _hash,
        "item": _text,
        "stratum": _maybe(_text),
        "sampling": _text,
        "settings": _object,
        "seed": _text,
        "repetition": _count,
        "snapshot": _hash,
        "tokenizer": _hash,
        "engine": _text,
        "dtype": _text,
        "few_shot": _texts,
        "prompt": _hash,
        "prompt_ids": _hash,
        "source": _maybe(_hash),
        "reference": _maybe(_hash),
    },
    "derivation": {
        "snapshot": _hash,
        "weights": _hash,
        "sources": _array,
        "tool": _text,
        "tool_version": _text,
        "parameters": _object,
        "created": _time,
    },
    "deviation": {
        "plan": _hash,
        "before": _hash,
        "changed": _object,
        "kept": _count,
        "dropped": _count,
        "added": _count,
        "reason": _maybe(_text),
        "created": _time,
    },
    "environment": {"environment": _hash, "facts": _object},
    "start": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "first": _count,
        "last": _count,
        "requests": _count,
        "environment": _hash,
        "snapshot": _hash,
        "snapshot_check": _one_of("full", "stat"),
        "checkpoint": _checkpoint,
        "engine": _object,
        "code": _hash,
        "host": _text,
        "pid": _count,
        "job": _maybe(_object),
        "started": _time,
    },
    "exposure": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "address": _text,
        "server": _text,
        "first": _count,
        "last": _count,
        "requests": _count,
        "created": _time,
    },
    "exposed": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "item": _text,
        "field": _one_of(*ITEM_FIELDS),
        "role": _one_of(*ROLES),
        "requests": _count,
        "address": _text,
        "server": _text,
        "policy": _maybe(_hash),
        "created": _time,
    },
    "declaration": {
        "plan": _maybe(_hash),
        "what": _one_of(*DECLARED),
        "subject": _text,
        "field": _maybe(_one_of(*ITEM_FIELDS)),
        "evidence": _object,
        "created": _time,
    },
    "examination": {
        "examination": _hash,
        "plan": _hash,
        "snapshot": _hash,
        "core": _object,
        "created": _time,
    },
    "measurement": {
        "examination": _hash,
        "plan": _hash,
        "attempt": _attempt,
        "first": _count,
        "last": _count,
        "environment": _hash,
        "snapshot": _hash,
        "snapshot_check": _one_of("full", "stat"),
        "engine": _object,
        "code": _hash,
        "host": _text,
        "pid": _count,
        "job": _maybe(_object),
        "started": _time,
    },
    "likelihood": {
        "examination": _hash,
        "plan": _hash,
        "attempt": _attempt,
        "index": _count,
        "set": _one_of(*SETS),
        "subject": _text,
        "variant": _count,
        "snapshot": _hash,
        "tokenizer": _hash,
        "tokens": _count,
        "bytes": _count,
        "zlib": _count,
        "text": _maybe(_hash),
        "text_ids": _maybe(_hash),
        "sealed": _maybe(_hash),
        "logprobs": _hash,
        "means": _maybe(_hash),
        "deviations": _maybe(_hash),
        "batch": _object,
        "finished": _time,
    },
    "continuation": {
        "examination": _hash,
        "plan": _hash,
        "attempt": _attempt,
        "index": _count,
        "subject": _text,
        "snapshot": _hash,
        "tokenizer": _hash,
        "prefix": _count,
        "expected_ids": _hash,
        "output_ids": _hash,
        "output": _hash,
        "batch": _object,
        "finished": _time,
    },
    "generation": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "request": _hash,
        "result": _hash,
        "finish": _one_of(*FINISH),
        "output": _hash,
        "output_ids": _hash,
        "logprobs": _hash,
        "margins": _hash,
        "batch": _batch,
        "finished": _time,
    },
    "failure": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "request": _hash,
        "reason": _text,
        "message": _text,
        "failed": _time,
    },
    "end": {
        "attempt": _attempt,
        "run": _hash,
        "plan": _hash,
        "how": _one_of(*ENDINGS),
        "generations": _count,
        "failures": _count,
        "closed_by": _attempt,
        "ended": _time,
    },
    "score": {
        "run": _hash,
        "plan": _hash,
        "score": _text,
        "sampling": _text,
        "level": _one_of("all", "stratum"),
        "stratum": _maybe(_text),
        "aggregation": _text,
        "value": _maybe(_decimal),
        "n": _count,
        "undefined": _count,
        "runaway": _count,
        "table_sha256": _hash,
        "created": _time,
    },
    "finding": {
        "run": _hash,
        "plan": _hash,
        "finding": _text,
        "subject": _text,
        "evidence": _object,
        "created": _time,
    },
    "item": {
        "plan": _hash,
        "item": _text,
        "document": _maybe(_text),
        "split": _maybe(_text),
        "annotations": _maybe(_hash),
    },
    "estimate": {
        "run": _hash,
        "plan": _hash,
        "score": _text,
        "version": _text,
        "sampling": _text,
        "level": _one_of(*LEVELS),
        "group": _maybe(_text),
        "label": _maybe(_text),
        "aggregation": _text,
        "value": _maybe(_decimal),
        "low": _maybe(_decimal),
        "high": _maybe(_decimal),
        "interval": _object,
        "n": _count,
        "items": _count,
        "clusters": _count,
        "undefined": _count,
        "counted": _object,
        "passes": _object,
        "warnings": _texts,
        "table_sha256": _hash,
        "checkpoint": _checkpoint,
        "code": _hash,
        "created": _time,
    },
    "comparison": {
        "run": _hash,
        "plan": _hash,
        "comparison": _text,
        "evidence": _object,
        "checkpoint": _checkpoint,
        "code": _hash,
        "created": _time,
    },
    "claim": {
        "run": _hash,
        "plan": _hash,
        "claim": _text,
        "verdict": _one_of(*VERDICTS),
        "evidence": _object,
        "checkpoint": _checkpoint,
        "code": _hash,
        "created": _time,
    },
    "import": {
        "import": _hash,
        "tool": _text,
        "tool_version": _maybe(_text),
        "format": _text,
        "file": _object,
        "claims": _object,
        "unsaid": _texts,
        "samples": _count,
        "created": _time,
    },
    "imported": {
        "import": _hash,
        "index": _count,
        "item": _text,
        "stratum": _maybe(_text),
        "sampling": _text,
        "seed": _maybe(_text),
        "repetition": _count,
        "model": _maybe(_text),
        "prompt": _maybe(_hash),
        "reference": _maybe(_hash),
        "output": _maybe(_hash),
        "finish": _maybe(_text),
        "claimed": _object,
    },
    "note": {"text": _text, "created": _time},
}


def schema_of(kind: str) -> str:
    """Return the schema name and version that records of `kind` carry."""
    return f"reprollm/{kind}/1"


def new(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a record of `kind`; `check` runs at publication, when its commitments are in."""
    return {"schema": schema_of(kind), "kind": kind, **fields}


def check(record: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` unless `record` has just the fields of its kind, each well formed."""
    kind = record.get("kind")
    fields = KINDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise InvalidInput(
            f"expected a record of a known kind ({', '.join(KINDS)}), found {kind!r}"
        )
    if record.get("schema") != schema_of(str(kind)):
        raise InvalidInput(
            f"expected schema {schema_of(str(kind))!r}, found {record.get('schema')!r}"
        )
    if len(record) != len(fields) + 2 or not fields.keys() <= record.keys():
        missing, extra = (
            fields.keys() - record.keys(),
            record.keys() - fields.keys() - {"schema", "kind"},
        )
        raise InvalidInput(
            f"expected the fields of a {kind} record; "
            f"missing: {sorted(missing)}, unknown: {sorted(extra)}"
        )
    for name, holds in fields.items():
        if not holds(record[name]):
            raise InvalidInput(
                f"field {name!r} of a {kind} record is malformed: {record[name]!r:.80}"
            )

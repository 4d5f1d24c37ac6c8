"""Records as nearly all records are, read by one regular expression instead of a JSON parser.

A ledger's bulk are `request` and `generation` records. For these a pattern is written down that
only canonical lines fit: keys in order, no white space, each field of the form that
`reprollm.records.kinds` demands of it. What fits is canonical and well formed, and its value is
taken from the pattern's groups. What does not fit may still be good (a name with an escaped
character, a nested setting): it is read the long way, which also says what is wrong.
"""

from __future__ import annotations

import re
from typing import Any

from reprollm.canon import Spelled, loads_object
from reprollm.errors import NotCanonical
from reprollm.records.kinds import FINISH, schema_of

_HASH = '"([0-9a-f]{64})"'
_HASH_OR_NULL = f"(?:null|{_HASH})"
_ATTEMPT = '"([0-9a-f]{32})"'
_TIME = r'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)"'
_COUNT = "(0|[1-9][0-9]{0,14})"
_PLAIN = r'[^"\\\x00-\x1f]*+'
_TEXT = f'"({_PLAIN})"'
_TEXT_OR_NULL = f"(?:null|{_TEXT})"
# An object or array that holds no other; whether it is canonical is found out once for each text.
_OBJECT = r"(\{[^{}]*+\})"
_ARRAY = r"(\[[^\[\]]*+\])"
_REUSED = f'(?:"reused":{_ATTEMPT},)?'
_BATCH = rf'\{{"id":{_TEXT},"policy":{_TEXT},{_REUSED}"row":{_COUNT},"rows":{_COUNT}\}}'


def _line(kind: str, fields: dict[str, str]) -> re.Pattern[str]:
    forms = {**fields, "kind": f'"{kind}"', "schema": f'"{schema_of(kind)}"'}
    return re.compile(r"\{" + ",".join(f'"{name}":{forms[name]}' for name in sorted(forms)) + r"\}")


_GENERATION = _line(
    "generation",
    {
        "attempt": _ATTEMPT,
        "run": _HASH,
        "plan": _HASH,
        "request": _HASH,
        "result": _HASH,
        "finish": f'"({"|".join(FINISH)})"',
        "output": _HASH,
        "output_ids": _HASH,
        "logprobs": _HASH,
        "margins": _HASH,
        "batch": _BATCH,
        "finished": _TIME,
    },
)
_REQUEST = _line(
    "request",
    {
        "plan": _HASH,
        "index": _COUNT,
        "request": _HASH,
        "item": _TEXT,
        "stratum": _TEXT_OR_NULL,
        "sampling": _TEXT,
        "settings": _OBJECT,
        "seed": _TEXT,
        "repetition": _COUNT,
        "snapshot": _HASH,
        "tokenizer": _HASH,
        "engine": _TEXT,
        "dtype": _TEXT,
        "few_shot": _ARRAY,
        "prompt": _HASH,
        "prompt_ids": _HASH,
        "source": _HASH_OR_NULL,
        "reference": _HASH_OR_NULL,
    },
)


def regular_record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line of one of the common kinds; None for any other line.

    Whatever is returned is canonical and passes `kinds.check`.
    """
    try:
        if line.startswith(b'{"attempt":'):
            return _generation(line.decode())
        return _request(line.decode()) if line.startswith(b'{"dtype":') else None
    except UnicodeDecodeError:
        return None


def _generation(text: str) -> dict[str, Any] | None:
    match = _GENERATION.fullmatch(text)
    if match is None:
        return None
    (
        attempt, identity, policy, reused, row, rows, finish, finished, logprobs, margins, output,
        output_ids, plan, request, result, run,
    ) = match.groups()  # fmt: skip
    batch: dict[str, Any] = {"id": identity, "policy": policy, "row": int(row), "rows": int(rows)}
    if reused is not None:
        batch["reused"] = reused
    return {
        "schema": "reprollm/generation/1",
        "kind": "generation",
        "attempt": attempt,
        "run": run,
        "plan": plan,
        "request": request,
        "result": result,
        "finish": finish,
        "output": output,
        "output_ids": output_ids,
        "logprobs": logprobs,
        "margins": margins,
        "batch": batch,
        "finished": finished,
    }


def _request(text: str) -> dict[str, Any] | None:
    match = _REQUEST.fullmatch(text)
    if match is None:
        return None
    (
        dtype, engine, few_shot, index, item, plan, prompt, prompt_ids, reference, repetition,
        request, sampling, seed, settings, snapshot, source, stratum, tokenizer,
    ) = match.groups()  # fmt: skip
    known = _settings.get(settings) or _known_settings(settings)
    names = _names.get(few_shot)
    if names is None:
        names = _known_names(few_shot)
    if known is None or names is None:
        return None
    return {
        "schema": "reprollm/request/1",
        "kind": "request",
        "plan": plan,
        "index": int(index),
        "request": request,
        "item": item,
        "stratum": stratum,
        "sampling": sampling,
        "settings": known,
        "seed": seed,
        "repetition": int(repetition),
        "snapshot": snapshot,
        "tokenizer": tokenizer,
        "engine": engine,
        "dtype": dtype,
        "few_shot": names,
        "prompt": prompt,
        "prompt_ids": prompt_ids,
        "source": source,
        "reference": reference,
    }


_settings: dict[str, Spelled] = {}
_names: dict[str, list[str]] = {}
_KNOWN_LIMIT = 1024


def _known_settings(text: str) -> Spelled | None:
    """Return the object that `text` spells, if it is canonical where a record holds it."""
    value = _inner(text)
    if not isinstance(value, dict):
        return None
    if len(_settings) >= _KNOWN_LIMIT:
        _settings.clear()
    return _settings.setdefault(text, Spelled(value, text))


def _known_names(text: str) -> list[str] | None:
    """Return the array of texts that `text` spells, if it is canonical where a record holds it."""
    value = _inner(text)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    if len(_names) >= _KNOWN_LIMIT:
        _names.clear()
    return _names.setdefault(text, value)


def _inner(text: str) -> object:
    try:
        return loads_object(f'{{"a":{text}}}'.encode())["a"]
    except NotCanonical:
        return None

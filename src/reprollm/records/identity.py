"""The hashes by which requests, answers, plans and runs are known on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from reprollm.canon import Json, Spelled, digest, dumps, loads
from reprollm.records.arrays import check_whole, ids_to_bytes


def request_id(
    *,
    snapshot: str,
    tokenizer: str,
    settings: dict[str, Json],
    seed: str,
    repetition: int,
    engine: str,
    dtype: str,
    prompt_ids: Sequence[int] | bytes,
) -> str:
    """Return the identity of one request: everything that decides its answer.

    Args:
        snapshot: snapshot id, hex.
        tokenizer: digest of the tokenizer's files, hex.
        settings: the complete sampling settings as canonical JSON.
        seed: the seed as a decimal string.
        repetition: 0 for the first asking.
        engine: engine family, for example `transformers`.
        dtype: the dtype in which the model computes, for example `float32`.
        prompt_ids: the rendered prompt's token ids, shape (n,), or their bytes.

    Raises:
        InvalidInput: the bytes are no whole number of ids.
    """
    known = settings.text if isinstance(settings, Spelled) else dumps(settings).decode()
    facts = _facts(snapshot, tokenizer, known, seed, repetition, engine, dtype)
    return digest("reprollm/request/v1", facts, _id_bytes(prompt_ids))


@lru_cache(maxsize=256)
def _facts(*facts: str | int) -> bytes:
    """Return the canonical bytes of all that decides an answer but the prompt."""
    snapshot, tokenizer, settings, seed, repetition, engine, dtype = facts
    return dumps(
        {
            "snapshot": snapshot,
            "tokenizer": tokenizer,
            "settings": loads(str(settings).encode()),
            "seed": seed,
            "repetition": repetition,
            "engine": engine,
            "dtype": dtype,
        }
    )


def result_id(request: str, output_ids: Sequence[int] | bytes, finish: str) -> str:
    """Return the identity of an answer: request, output token ids (n,) or bytes, finish reason."""
    return digest(
        "reprollm/result/v1",
        request.encode("ascii"),
        _id_bytes(output_ids),
        finish.encode("ascii"),
    )


def _id_bytes(ids: Sequence[int] | bytes) -> bytes:
    if not isinstance(ids, bytes):
        return ids_to_bytes(ids)
    check_whole(ids)
    return ids


def plan_id(core: dict[str, Json], requests: Iterable[str]) -> str:
    """Return the identity of a plan: its core settings and its requests' ids in order."""
    return digest(
        "reprollm/plan/v1", dumps(core), *(request.encode("ascii") for request in requests)
    )


def import_id(file_sha256: str, tool: str, tool_version: str | None) -> str:
    """Return the identity of an import: the file's hash (hex), and who is said to have written it.

    A version that the file does not tell counts as the empty text.
    """
    parts = (
        file_sha256.encode("ascii"),
        tool.encode("utf-8"),
        (tool_version or "").encode("utf-8"),
    )
    return digest("reprollm/import/v1", *parts)


def run_id(plan: str, code: str, nonce: str) -> str:
    """Return the identity of one execution of a plan by one state of the code."""
    parts = (plan, code, nonce)
    return digest("reprollm/run/v1", *(part.encode("ascii") for part in parts))

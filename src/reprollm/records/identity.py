"""The hashes by which requests, answers, plans and runs are known on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reprollm.canon import Json, digest, dumps
from reprollm.records.arrays import ids_to_bytes


def request_id(
    *,
    snapshot: str,
    tokenizer: str,
    settings: dict[str, Json],
    seed: str,
    repetition: int,
    engine: str,
    dtype: str,
    prompt_ids: Sequence[int],
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
        prompt_ids: the rendered prompt's token ids, shape (n,).
    """
    facts: dict[str, Json] = {
        "snapshot": snapshot,
        "tokenizer": tokenizer,
        "settings": settings,
        "seed": seed,
        "repetition": repetition,
        "engine": engine,
        "dtype": dtype,
    }
    return digest("reprollm/request/v1", dumps(facts), ids_to_bytes(prompt_ids))


def result_id(request: str, output_ids: Sequence[int], finish: str) -> str:
    """Return the identity of an answer: request, output token ids (n,), finish reason."""
    return digest(
        "reprollm/result/v1",
        request.encode("ascii"),
        ids_to_bytes(output_ids),
        finish.encode("ascii"),
    )


def plan_id(core: dict[str, Json], requests: Iterable[str]) -> str:
    """Return the identity of a plan: its core settings and its requests' ids in order."""
    return digest(
        "reprollm/plan/v1", dumps(core), *(request.encode("ascii") for request in requests)
    )


def run_id(plan: str, code: str, nonce: str) -> str:
    """Return the identity of one execution of a plan by one state of the code."""
    parts = (plan, code, nonce)
    return digest("reprollm/run/v1", *(part.encode("ascii") for part in parts))

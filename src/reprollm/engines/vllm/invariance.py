"""Whether requests may be answered together and keep every bit: a rule, and then a trial.

On a CUDA device it is vLLM's batch-invariant kernels that make them independent of each other. On a
CPU one thread does, in company: with two threads a sum is split at places that depend on the batch,
and a matrix product over a single row may take another kernel than one over several, so that some
requests that nobody asked for are kept in flight beside the others. A mixture of experts on a CPU
multiplies as many rows as tokens were routed to an expert, which others change.

Where the rule allows it the host is asked: as many prompts as are answered at once together, then
turned round, and some of them one by one, each time with the same company. Where either says no,
every request is answered alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reprollm.canon import Json, digest
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings

ALONE, STEPS = 8, 4
"""How many prompts are asked one by one, and how many tokens each answer has."""

LEAST_TOGETHER, MOST_TOGETHER = 12, 64

COMPANIONS = (3, 7, 15)
"""How many companions are tried on a CPU; with three, never fewer than four rows are computed."""

Ask = Callable[[Sequence[Request], int, int], Mapping[str, bytes]]
"""Requests, how many at once and how many companions, to each answer's bits by request id."""


@dataclass(frozen=True)
class Invariance:
    """How the strict policy is kept.

    Attributes:
        together: whether requests are answered together.
        companions: how many requests that nobody asked for keep them company.
        reference: hex SHA-256 of the trial's log-probabilities, asked alone; hosts with another
            one round differently. Empty where no trial was made.
        note: what was found, in words.
    """

    together: bool
    companions: int
    reference: str
    note: str

    def to_json(self) -> dict[str, Json]:
        """Return the answer as records hold it."""
        return asdict(self)


def rule(*, cpu: bool, threads: int, invariant: bool, routed: bool) -> str | None:
    """Return why requests cannot be answered together, or None where they may.

    Args:
        cpu: whether the CPU computes.
        threads: with how many threads it does.
        invariant: whether the batch-invariant kernels are on.
        routed: whether the model is a mixture of experts.
    """
    if not cpu:
        return None if invariant else "the device has no batch-invariant kernels"
    if threads > 1:
        return f"sums are split over {threads} threads"
    return "tokens are routed to experts, whose rows others change" if routed else None


def routes(config: Any) -> bool:
    """Say whether a model's configuration is that of a mixture of experts."""
    names = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    counts = [getattr(config, name, None) for name in names]
    return any(isinstance(count, int) and count > 1 for count in counts)


def trial(
    ask: Ask, vocabulary: int, context: int, size: int, companions: Sequence[int]
) -> Invariance:
    """Return what this host does, asked with `size` requests at once.

    Args:
        ask: how the engine computes.
        vocabulary: how many token ids the model knows.
        context: how many tokens a prompt and its answer may have together.
        size: at most so many requests are answered at once.
        companions: the numbers of companions to try, in this order.
    """
    width = max(LEAST_TOGETHER, min(size, MOST_TOGETHER))
    requests = trial_requests(vocabulary, context, width)
    few = requests[:ALONE]
    reference = ""
    for company in companions:
        alone = ask(few, 1, company)
        state = hashlib.sha256(b"".join(alone[request.request] for request in few))
        reference = reference or state.hexdigest()
        together = ask(requests, size, company)
        same = all(together[request.request] == alone[request.request] for request in few)
        if same and ask(requests[::-1], size, company) == together:
            note = f"{width} prompts had the same bits together, turned round and one by one"
            return Invariance(True, company, state.hexdigest(), note)
    note = "prompts had other bits together than one by one: every request is answered alone"
    return Invariance(False, 0, reference, note)


def trial_requests(vocabulary: int, context: int, count: int) -> list[Request]:
    """Return `count` greedy requests of several lengths, the same on every machine."""
    longest = max(1, min(context - STEPS, 36))
    settings = Settings(
        "0", 0, "1", min(STEPS, max(1, context - longest)), (), (), SAMPLERS["vllm"]
    )
    requests = []
    for number in range(count):
        words = hashlib.shake_256(bytes([number])).digest(4 * (1 + 5 * number % longest))
        ids = [
            int.from_bytes(words[at : at + 4], "little") % vocabulary
            for at in range(0, len(words), 4)
        ]
        name = digest("reprollm/trial/v1", bytes([number]))
        requests.append(Request(name, tuple(ids), settings, "0"))
    return requests

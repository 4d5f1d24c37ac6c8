"""What the strict batch policy costs: the same requests under both policies, by batch size.

    python benchmarks/policies.py [LOCK] [--engine transformers] [--dtype float32] [--json]

One process, one thread, one model in memory; the policies take turns, and the least CPU seconds of
all rounds are kept, because a busy machine can only slow one down. Loading and the probe of the
host are left out: they are paid once a job. Strict answers are also compared bit by bit between
the batch sizes, so that what is paid for is seen to be there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.determinism.measure import with_context
from reprollm.determinism.questions import questions
from reprollm.engines.protocol import Engine, Generation
from reprollm.engines.registry import open_engine
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.snapshot.model import load_model, locate_model

LOCK = Path("experiments/normalisation/models")
SIZES = (1, 8, 32)


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one batch size under both policies, and how many strict answers kept bits."""

    engine: str
    dtype: str
    size: int
    requests: int
    tokens: int
    strict: float
    fast: float
    same_bits: int

    @property
    def ratio(self) -> float:
        """Strict as a multiple of fast."""
        return self.strict / self.fast


def main() -> None:
    parser = argparse.ArgumentParser(description="Strict against fast batches.")
    parser.add_argument("lock", nargs="?", type=Path, default=next(LOCK.glob("*.lock.json"), LOCK))
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--requests", type=int, default=96)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    for cost in measure(arguments):
        if arguments.json:
            print(json.dumps({**vars(cost), "ratio": cost.ratio}), flush=True)
        else:
            print(f"{cost.engine} {cost.dtype} batch size {cost.size:3}: strict {cost.strict:7.2f}"
                  f"  fast {cost.fast:7.2f} CPU s  {cost.ratio:5.2f}  "
                  f"{cost.same_bits}/{cost.requests} same bits", flush=True)  # fmt: skip


def measure(arguments: argparse.Namespace) -> Sequence[Cost]:
    """Return the cost for each batch size, in their order."""
    model = load_model(arguments.lock)
    located = locate_model(model)
    base = EngineSettings(arguments.engine, arguments.dtype, "cpu", "strict", 1, threads=1)
    asked = questions(model, located, base, arguments.requests, arguments.tokens)
    settings = with_context(base, asked)
    reference: dict[str, bytes] = {}
    costs = []
    for size in SIZES:
        opened = {
            policy: open_engine(
                located, model, EngineSettings(**{**vars(settings), "batch_policy": policy,
                                                  "batch_size": size}))
            for policy in ("strict", "fast")
        }  # fmt: skip
        seconds = {policy: float("inf") for policy in opened}
        for _ in range(arguments.rounds):
            for policy, engine in opened.items():
                taken, bits, tokens = ask(engine, asked)
                seconds[policy] = min(seconds[policy], taken)
                if policy == "strict":
                    strict, produced = bits, tokens
        for engine in opened.values():
            engine.close()
        reference = reference or strict
        same = sum(reference[request] == found for request, found in strict.items())
        costs.append(
            Cost(arguments.engine, arguments.dtype, size, len(asked), produced,
                 seconds["strict"], seconds["fast"], same)
        )  # fmt: skip
    return costs


def ask(engine: Engine, asked: Sequence[Request]) -> tuple[float, dict[str, bytes], int]:
    """Return CPU seconds of this process, each answer's bits, and how many tokens there were."""
    began = time.process_time()
    answers = [answer for batch in engine.generate(asked) for answer in batch]
    taken = time.process_time() - began
    given = [answer for answer in answers if isinstance(answer, Generation)]
    bits = {answer.request: answer.logprobs.tobytes() for answer in given}
    return taken, bits, sum(len(answer.output_ids) for answer in given)


if __name__ == "__main__":
    main()

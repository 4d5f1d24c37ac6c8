"""Each engine through reprollm against the engine alone: CPU seconds for the same requests.

    python benchmarks/engines.py [ENGINE ...] [--workload W] [--items 100] [--rounds 3] [--json]

Through reprollm is `reprollm generate`, with all that it hashes, records and checks. Alone is a
short script of the kind that anyone would write: the same requests, the same settings, the same
number at once, and nothing kept. Each runs in a process of its own in the engine's environment
(`make test-engines` sets them up), with one thread, loading included, in turns; the least CPU
seconds of all rounds are kept, because a busy machine can only slow one down. What is asked stands
in `engine_workloads.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from engine_workloads import CHECKOUT, WORKLOADS, prepare, write_experiment
from generation import bare_loop, cpu

from reprollm.prompts.stored import StoredPlan, read_plan

GOAL = 1.05
ENVIRONMENTS = {"transformers": ".venv", "vllm": ".venv-vllm", "llamacpp": ".venv-llamacpp"}


@dataclass(frozen=True)
class Ratio:
    """One engine: CPU seconds through reprollm and alone, for so many requests."""

    engine: str
    workload: str
    policy: str
    requests: int
    ours: float
    alone: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the engine alone."""
        return self.ours / self.alone


def main() -> None:
    parser = argparse.ArgumentParser(description="Engines through reprollm and alone.")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", default=[*ENVIRONMENTS])
    parser.add_argument("--workload", nargs="+", choices=[*WORKLOADS], default=[*WORKLOADS])
    parser.add_argument("--items", type=int, default=100, help="of which each gives two requests")
    parser.add_argument("--policy", default="strict", choices=["strict", "fast"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--prepare", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prepare:
        print(prepare(Path(arguments.prepare[0]), *arguments.prepare[1:]))
        return
    if arguments.alone:
        name, plan, model = arguments.alone
        ALONE[name](read_plan(Path(plan)), Path(plan), Path(model))
        return
    for name, workload in product(arguments.engines, arguments.workload):
        found = measure(name, workload, arguments.items, arguments.policy, arguments.rounds)
        if arguments.json:
            print(json.dumps({**vars(found), "ratio": found.ratio, "goal": GOAL}), flush=True)
        else:
            print(f"{found.engine:14}{found.workload:8}{found.policy:8}{found.requests:6} requests"
                  f"{found.ours:8.1f}{found.alone:8.1f} CPU s, "
                  f"{found.requests / found.ours:6.1f} and {found.requests / found.alone:6.1f} "
                  f"requests a CPU s{found.ratio:7.2f}  goal {GOAL:.2f}", flush=True)  # fmt: skip


def measure(name: str, workload: str, items: int, policy: str, rounds: int) -> Ratio:
    """Return what one engine takes, in its own environment."""
    python = str(CHECKOUT / ENVIRONMENTS[name] / "bin" / "python")
    with tempfile.TemporaryDirectory(prefix="reprollm-bench-") as place:
        folder = Path(place)
        write_experiment(folder, workload, name, policy, items)
        command = [python, __file__, "--prepare", str(folder), workload, name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        model = done.stdout.splitlines()[-1]
        reprollm = [python, "-m", "reprollm"]
        cpu(folder, *reprollm, "plan", str(folder), "--ledger", str(folder / "ledger"))
        cpu(folder, *reprollm, "ledger", "commit", str(folder / "ledger"))
        [plan] = [path for path in (folder / "ledger" / "plans").iterdir() if path.is_dir()]
        ours, alone = [], []
        for number in range(rounds):
            ledger = folder / f"ledger-{number}"
            shutil.copytree(folder / "ledger", ledger)
            ours.append(cpu(folder, *reprollm, "generate", str(folder), "--ledger", str(ledger)))
            alone.append(cpu(folder, python, __file__, "--alone", name, str(plan), model))
        return Ratio(name, workload, policy, read_plan(plan).requests, min(ours), min(alone))


def alone_transformers(_plan: StoredPlan, folder: Path, model: Path) -> None:
    """Ask `model.generate` in batches; see `generation.bare_loop`."""
    bare_loop(folder, model)


def alone_vllm(plan: StoredPlan, _folder: Path, model: Path) -> None:
    """Ask `LLM.generate` everything at once, with the log-probabilities that we keep."""
    import os

    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }
    from vllm import LLM, SamplingParams, TokensPrompt

    llm = LLM(
        model=str(model), dtype=plan.engine.dtype, enforce_eager=True, max_model_len=256,
        max_num_seqs=plan.engine.batch_size, kv_cache_memory_bytes=1 << 30,
        enable_prefix_caching=False, max_logprobs=2,
    )  # fmt: skip
    prompts, settings = [], []
    for number, request in enumerate(plan.asked(0, plan.requests)):
        prompts.append(TokensPrompt(prompt_token_ids=list(request.prompt_ids)))
        settings.append(
            SamplingParams(
                temperature=float(request.settings.temperature),
                top_p=float(request.settings.top_p),
                max_tokens=request.settings.max_tokens,
                stop_token_ids=list(request.settings.stop_ids),
                stop=list(request.settings.stop),
                seed=number,
                logprobs=2,
            )
        )
    llm.generate(prompts, settings, use_tqdm=False)


def alone_llamacpp(plan: StoredPlan, _folder: Path, model: Path) -> None:
    """Ask llama.cpp's server one request after the other, with the log-probabilities we keep."""
    from reprollm.llamacpp.options import Options
    from reprollm.llamacpp.server import LlamaServer

    server = LlamaServer(Options(model, "model", 256, kv_type="f32"))
    for number, request in enumerate(plan.asked(0, plan.requests)):
        server.ask(
            "/completion",
            {
                "prompt": list(request.prompt_ids),
                "n_predict": request.settings.max_tokens,
                "temperature": float(request.settings.temperature),
                "top_k": 0,
                "top_p": float(request.settings.top_p),
                "min_p": 0,
                "seed": number,
                "stop": list(request.settings.stop),
                "cache_prompt": False,
                "n_probs": 2,
                "return_tokens": True,
            },
        )
    server.close()


Alone = Callable[[StoredPlan, Path, Path], None]
ALONE: dict[str, Alone] = {
    "transformers": alone_transformers,
    "vllm": alone_vllm,
    "llamacpp": alone_llamacpp,
}


if __name__ == "__main__":
    main()

"""Generation against a bare loop over `model.generate`, and a whole run against another harness.

    python benchmarks/generation.py [EXPERIMENT] [--rounds 3] [--lm-eval PYTHON] [--json]

The bare loop asks the same requests in the same batches (rows, padded length, stop tokens) in one
process and writes nothing. lm-evaluation-harness asks the same prompts with the same model, batch
size, settings and stop text; PYTHON is that of an environment that has lm-eval 0.4.13. Each way
runs in processes of its own, with one thread, in turns; CPU seconds are of all processes together,
loading included, and the least of all rounds is kept, because a busy machine can only slow one
down.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.engines.batches import Batch, strict_batches
from reprollm.experiment.load import load
from reprollm.experiment.locate import locate
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.prompts.stored import StoredPlan, read_plan
from reprollm.snapshot.model import load_model, locate_model

GOAL_BARE, GOAL_HARNESS = 1.10, 1.00
LEAST_ROWS = 4


@dataclass(frozen=True)
class Ratio:
    """One comparison: CPU seconds of ours and of the other, and the goal for their ratio."""

    what: str
    ours: float
    other: float
    goal: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the other."""
        return self.ours / self.other


def main() -> None:
    parser = argparse.ArgumentParser(description="Generation against a bare loop and lm-eval.")
    parser.add_argument("experiment", nargs="?", default="normalisation")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lm-eval", type=Path, metavar="PYTHON")
    parser.add_argument("--bare", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    if arguments.bare:
        bare_loop(*arguments.bare)
        return
    file = locate(arguments.experiment, Path()).resolve()
    with tempfile.TemporaryDirectory(prefix="reprollm-bench-") as folder:
        for found in measure(file, Path(folder), arguments.rounds, arguments.lm_eval):
            if arguments.json:
                print(json.dumps({**vars(found), "ratio": found.ratio}))
            else:
                print(f"{found.what:58}{found.ours:8.1f}{found.other:8.1f} CPU s"
                      f"{found.ratio:7.2f}  goal {found.goal:.2f}")  # fmt: skip


def measure(file: Path, folder: Path, rounds: int, lm_eval: Path | None) -> list[Ratio]:
    """Return the comparisons for the experiment in `file`, run in copies below `folder`."""
    described = load(file)
    asked = load_model(described.lock)
    found = locate_model(asked)
    model = found.folders[0]
    plan = publish_plan(
        make_plan(read_sources(described, asked), found), asked.lock, folder / "ledger"
    )
    generate, bare, whole, harness = [], [], [], []
    for number in range(rounds):
        ledger = folder / f"ledger-{number}"
        shutil.copytree(folder / "ledger", ledger)
        reprollm = [sys.executable, "-m", "reprollm"]
        generate.append(cpu(folder, *reprollm, "generate", str(file), "--ledger", str(ledger)))
        bare.append(cpu(folder, sys.executable, __file__, "--bare", str(plan.folder), str(model)))
        place = folder / f"run-{number}"
        name = described.config.name
        shutil.copytree(file.parent, place / "experiments" / name)
        whole.append(cpu(place, *reprollm, "run", name, "--cores", "1"))
        if lm_eval:
            harness.append(cpu(folder, *harness_command(lm_eval, folder, plan, model)))
    found = [Ratio("reprollm generate / bare loop", min(generate), min(bare), GOAL_BARE)]
    if harness:
        other = min(harness)
        found.append(Ratio("reprollm generate / lm-eval", min(generate), other, GOAL_HARNESS))
        found.append(Ratio("reprollm run / lm-eval", min(whole), other, GOAL_HARNESS))
    return found


def cpu(folder: Path, *command: str) -> float:
    """Return the CPU seconds of a command and of every process that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bare_loop(folder: Path, model_folder: Path) -> None:
    """Answer a plan's requests as a short script would: transformers' own sampling, no records."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    plan = read_plan(folder)
    torch.set_num_threads(1)
    dtype = getattr(torch, plan.engine.dtype)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype).eval()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    torch.manual_seed(0)
    requests = plan.asked(0, plan.requests)
    for batch in strict_batches(requests, plan.engine.batch_size, LEAST_ROWS):
        rows = [request.prompt_ids for request in batch.requests]
        ids = torch.tensor([[0] * (batch.padded - len(row)) + list(row) for row in rows])
        mask = torch.tensor([[0] * (batch.padded - len(row)) + [1] * len(row) for row in rows])
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                pad_token_id=0,
                **bare_settings(batch, tokenizer),
            )
        tokenizer.batch_decode(output[:, batch.padded :], skip_special_tokens=True)


def bare_settings(batch: Batch, tokenizer: Any) -> dict[str, Any]:
    """Return the batch's settings for transformers, which takes one for all rows.

    A batch with sampled rows is sampled as a whole. Stop texts of one token become stop ids.
    """
    settings = [request.settings for request in batch.requests]
    stops = set(settings[0].stop_ids)
    for text in settings[0].stop:
        ids = tokenizer.encode(text, add_special_tokens=False)
        stops |= {ids[-1]} if len(ids) == 1 else set()
    wanted: dict[str, Any] = {
        "max_new_tokens": max(each.max_tokens for each in settings),
        "eos_token_id": sorted(stops) or None,
        "do_sample": False,
    }
    for each in settings:
        if not each.greedy:
            wanted |= {
                "do_sample": True,
                "temperature": float(each.temperature),
                "top_p": float(each.top_p),
                "top_k": each.top_k,
            }
    return wanted


def harness_command(python: Path, folder: Path, plan: StoredPlan, model: Path) -> list[str]:
    """Write one lm-eval task for each sampling of the plan; return the command that runs them."""
    tasks = folder / "tasks"
    tasks.mkdir(exist_ok=True)
    rows = plan.table().select(["sampling", "prompt", "settings", "reference"]).to_pylist()
    names = sorted({row["sampling"] for row in rows})
    for name in names:
        chosen = [row for row in rows if row["sampling"] == name]
        data = tasks / f"{name}.jsonl"
        with data.open("w", encoding="utf-8") as file:
            for row in chosen:
                answer = row["reference"] or ""
                file.write(json.dumps({"prompt": row["prompt"], "answer": answer}) + "\n")
        _write_task(tasks / f"{name}.yaml", name, data, json.loads(chosen[0]["settings"]))
    return [
        str(python), "-m", "lm_eval", "--model", "hf",
        "--model_args", f"pretrained={model},dtype={plan.engine.dtype},add_bos_token=False",
        "--tasks", ",".join(f"bench_{name}" for name in names), "--include_path", str(tasks),
        "--batch_size", str(plan.engine.batch_size), "--device", "cpu",
        "--output_path", str(folder / "lm-eval"), "--log_samples",
    ]  # fmt: skip


def _write_task(path: Path, name: str, data: Path, settings: dict[str, Any]) -> None:
    sampled = float(settings["temperature"]) > 0
    generation: dict[str, Any] = {
        "until": settings["stop"] or ["\u0000"],
        "max_gen_toks": settings["max_tokens"],
        "do_sample": sampled,
    }
    if sampled:
        generation |= {key: float(settings[key]) for key in ("temperature", "top_p")}
        generation["top_k"] = settings["top_k"]
    task = {
        "task": f"bench_{name}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": generation,
        "metric_list": [{"metric": "exact_match"}],
    }
    # JSON is YAML.
    path.write_text(json.dumps(task, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

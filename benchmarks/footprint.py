"""Memory as `reprollm model footprint` predicts it, against the resident set of a real process.

    python benchmarks/footprint.py [--quick] [--json]

Random models of 150 to 200 million parameters are made in a temporary folder, pinned, and asked
through the engines: transformers, and llama.cpp where xllamacpp and gguf are installed. Each case
runs in a process of its own with one thread. Measured is the largest resident set while requests
are answered, after the model was loaded; beside it stands the largest while it was loaded, to
which pages of the weight files count that the system takes back when it needs them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ANSWER = 8
LLAMA = {
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 12,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "vocab_size": 32000,
    "max_position_embeddings": 8192,
}
MODELS: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "tie_word_embeddings": False, **LLAMA},
    "gemma3_text": {
        "model_type": "gemma3_text",
        "hidden_size": 640,
        "intermediate_size": 2048,
        "num_hidden_layers": 18,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 256,
        "vocab_size": 131072,
        "sliding_window": 512,
        "max_position_embeddings": 8192,
    },
    "mixtral": {
        "model_type": "mixtral",
        **LLAMA,
        "hidden_size": 768,
        "intermediate_size": 1536,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "num_local_experts": 4,
    },
    "deepseek_v3": {
        "model_type": "deepseek_v3",
        **LLAMA,
        "hidden_size": 768,
        "intermediate_size": 2048,
        "moe_intermediate_size": 512,
        "num_hidden_layers": 8,
        "num_attention_heads": 12,
        "num_key_value_heads": 12,
        "n_routed_experts": 8,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
        "kv_lora_rank": 512,
        "q_lora_rank": 384,
        "qk_rope_head_dim": 64,
        "qk_nope_head_dim": 128,
        "v_head_dim": 128,
        "first_k_dense_replace": 1,
        "num_nextn_predict_layers": 0,
    },
}


@dataclass(frozen=True)
class Case:
    """One measurement: a model, an engine, and what is asked of it."""

    model: str
    family: str
    dtype: str
    context: int
    batch: int

    @property
    def what(self) -> str:
        """The case in words."""
        return f"{self.family} {self.model} {self.dtype}, {self.context} tokens, batch {self.batch}"


CASES = (
    Case("llama", "transformers", "float32", 508, 4),
    Case("llama", "transformers", "float32", 1008, 4),
    Case("llama", "transformers", "float32", 2008, 8),
    Case("llama", "transformers", "bfloat16", 1008, 4),
    Case("gemma3_text", "transformers", "float32", 1008, 4),
    Case("mixtral", "transformers", "float32", 1008, 4),
    Case("deepseek_v3", "transformers", "float32", 1008, 4),
    Case("llama", "llamacpp", "float16", 1008, 1),
    Case("llama", "llamacpp", "float32", 4008, 1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted against measured memory.")
    parser.add_argument("--quick", action="store_true", help="two cases only")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        answer(Path(arguments.child[0]), Case(**json.loads(arguments.child[1])))
        return
    llama = find_spec("xllamacpp") is not None and find_spec("gguf") is not None
    cases = [case for case in CASES if case.family == "transformers" or llama]
    cases = [cases[1], cases[-1]] if arguments.quick else cases
    with tempfile.TemporaryDirectory(prefix="reprollm-footprint-") as folder:
        for found in measure(Path(folder), cases):
            if arguments.json:
                print(json.dumps(found), flush=True)
            else:
                print(f"{found['what']:62}{found['predicted'] / 1e6:8.0f}"
                      f"{found['measured'] / 1e6:8.0f} MB{found['ratio']:6.2f}"
                      f"  (loading {found['loading'] / 1e6:.0f})", flush=True)  # fmt: skip


def measure(folder: Path, cases: list[Case]) -> Iterator[dict[str, Any]]:
    """Yield each case's predicted and measured bytes and their ratio."""
    locks: dict[tuple[str, bool], Path] = {}
    for case in cases:
        key = (case.model, case.family == "llamacpp")
        if key not in locks:
            locks[key] = made(folder, *key)
        predicted = predict(locks[key], case)
        child = [sys.executable, __file__, "--child", str(locks[key]), json.dumps(vars(case))]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "REPROLLM_MODELS": str(folder),
        }
        done = subprocess.run(child, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{case.what} failed:\n{done.stderr[-4000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        ratio = predicted / found["answering"]
        yield {
            "what": case.what,
            "predicted": predicted,
            "measured": found["answering"],
            "loading": found["loading"],
            "ratio": ratio,
        }


def predict(lock: Path, case: Case) -> int:
    """Return the bytes that the command predicts for a CPU."""
    command = [sys.executable, "-m", "reprollm", "model", "footprint", str(lock), "--json"]
    command += ["--context", str(case.context), "--batch", str(case.batch), "--dtype", case.dtype]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for estimate in json.loads(done.stdout)["estimates"]:
        if (estimate["engine"], estimate["place"]) == (case.family, "cpu"):
            return int(estimate["total"])
    raise SystemExit(f"no estimate for {case.what}")


def made(folder: Path, name: str, gguf: bool) -> Path:
    """Write a random model as bfloat16 safetensors, or convert it to GGUF; return its lock."""
    model, lock = folder / name, folder / f"{name}.lock.json"
    if not model.exists():
        write(model, MODELS[name])
        reprollm("model", "pin", str(model), "-o", str(lock))
    if not gguf:
        return lock
    target = folder / "gguf" / f"{name}-f16.gguf"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        os.environ["REPROLLM_MODELS"] = str(folder)
        reprollm("model", "convert", str(lock), "-o", str(target), "--type", "f16")
    return target.with_suffix(".lock.json")


def write(folder: Path, config: dict[str, Any]) -> None:
    """Write a random model of this configuration, with the tests' tokenizer, in its own process."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from tiny_models import make_llama

    make_llama(folder)
    (folder / "model.safetensors").unlink()
    script = (
        "import json, sys, torch\n"
        "from transformers import AutoConfig, AutoModelForCausalLM\n"
        "config = AutoConfig.for_model(**json.loads(sys.argv[2]))\n"
        "model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)\n"
        "model.save_pretrained(sys.argv[1])\n"
    )
    command = [sys.executable, "-c", script, str(folder), json.dumps(config)]
    subprocess.run(command, check=True, capture_output=True)


def reprollm(*arguments: str) -> None:
    """Run a command of the package; stop where it fails."""
    subprocess.run([sys.executable, "-m", "reprollm", *arguments], check=True, capture_output=True)


def answer(lock: Path, case: Case) -> None:
    """Answer one batch through the engine; print the largest resident sets in bytes as JSON."""
    from reprollm.engines.opening import open_checked
    from reprollm.experiment.engine import EngineSettings
    from reprollm.prompts.requests import Request
    from reprollm.prompts.settings import Settings
    from reprollm.snapshot.model import load_model

    watch = Watch()
    wanted = Settings("0", 0, "1", ANSWER, (), ())
    settings = EngineSettings(
        case.family, case.dtype, "cpu", "strict", case.batch, context=case.context
    )
    engine = open_checked(load_model(lock, ()), settings).engine
    loading = watch.largest()
    prompt = tuple(3 + 7 * step % 250 for step in range(case.context - ANSWER))
    asked = [
        Request(hashlib.sha256(bytes([row])).hexdigest(), (3 + row, *prompt[1:]), wanted, "0")
        for row in range(case.batch)
    ]
    answered = sum(len(batch) for batch in engine.generate(asked))
    found = {"answering": watch.largest(), "loading": loading, "answered": answered}
    engine.close()
    print(json.dumps(found), flush=True)


class Watch:
    """Looks at this process's resident set every few milliseconds."""

    def __init__(self) -> None:
        import psutil

        self._process, self._seen = psutil.Process(), 0
        threading.Thread(target=self._look, daemon=True).start()

    def largest(self) -> int:
        """Return the largest resident set since this was asked last, in bytes."""
        self._see()
        seen, self._seen = self._seen, 0
        return seen

    def _look(self) -> None:
        while True:
            self._see()
            time.sleep(0.003)

    def _see(self) -> None:
        self._seen = max(self._seen, self._process.memory_info().rss)


if __name__ == "__main__":
    main()

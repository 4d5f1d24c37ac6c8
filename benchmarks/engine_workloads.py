"""What `engines.py` asks: random bytes from a random model, and German from a trained one.

`random` is a Llama with random weights whose tokens are bytes: a third of them stand within a
character that never becomes one, which no model that anybody uses writes. `german` is the demo's
normaliser with the demo's items: old spelling in, modern German out, up to a line break, with an
umlaut in two tokens now and then. `words` is a Llama with random weights, but of 30 million
parameters and with a vocabulary of 8,192 of which nearly all are whole characters, as those of the
models that people use are: the smallest of these still do a hundred times the work a token.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_lowercase

CHECKOUT = Path(__file__).resolve().parents[1]
DEMO = CHECKOUT / "experiments" / "normalisation"
SIZE = 32
_WORDS = 8192
EXPERIMENT = """\
schema: reprollm/experiment/1
name: bench
title: A small model answers
model: {{lock: model.lock.json}}
engine: {{family: {family}, dtype: float32, device: cpu, batch: {{policy: {policy}, size: {size}}}}}
data: {{file: items.csv, id: id, source: source}}
prompt: {{template: ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: {tokens}, stop: {stop}}}
  sampled: {{temperature: 0.8, top_p: 0.95, max_tokens: {tokens}, stop: {stop}, seeds: [1]}}
slices: 1
"""


@dataclass(frozen=True)
class Workload:
    """What is asked of a model.

    Attributes:
        tokens: of an answer at most.
        stop: the text that ends one, if any.
        sources: returns so many sources.
        template: returns the prompts' template.
        model: writes the model into a new folder.
    """

    tokens: int
    stop: tuple[str, ...]
    sources: Callable[[int], list[str]]
    template: Callable[[], str]
    model: Callable[[Path], object]


def write_experiment(folder: Path, workload: str, family: str, policy: str, items: int) -> None:
    """Write an experiment of two requests for each item, without its model."""
    asked = WORKLOADS[workload]
    text = EXPERIMENT.format(
        family=family, policy=policy, size=SIZE, tokens=asked.tokens, stop=json.dumps(asked.stop)
    )
    (folder / "experiment.yaml").write_text(text, encoding="utf-8")
    (folder / "ask.jinja").write_text(asked.template(), encoding="utf-8")
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        rows = ((f"i{n}", source) for n, source in enumerate(asked.sources(items)))
        csv.writer(file).writerows([("id", "source"), *rows])


def prepare(folder: Path, workload: str, family: str) -> Path:
    """Write and pin the model as the engine takes it; return where it lies."""
    from reprollm.snapshot.lock import write_lock
    from reprollm.snapshot.pin import pin

    model = folder / "model"
    WORKLOADS[workload].model(model)
    if family == "llamacpp":
        from reprollm.llamacpp.convert import convert

        source, model = model, folder / "model.gguf"
        convert(source, pin(source), model, "f32")
    write_lock(pin(model, name="model"), folder / "model.lock.json", replace=True)
    return model


def _random_sources(count: int) -> list[str]:
    return [f"vnd er sprach {'zu jhm ' * (n % 7)}{n}" for n in range(count)]


def _german_sources(count: int) -> list[str]:
    with (DEMO / "data" / "items.csv").open(encoding="utf-8", newline="") as file:
        return [row["source"] for row in csv.DictReader(file)][:count]


def _random_model(folder: Path) -> None:
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from tiny_models import make_llama

    make_llama(folder, hidden=256, layers=4)


def _words_model(folder: Path) -> None:
    """Write a model whose tokens are pairs and triples of letters, besides the bytes."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    import tiny_models

    pairs = list(product(ascii_lowercase, repeat=2))
    triples = [("".join(pair), letter) for pair, letter in product(pairs, ascii_lowercase)]
    merges = tuple([*pairs, *triples][: _WORDS - 3 - 256])
    tiny_models.VOCABULARY, tiny_models.MERGES = _WORDS, merges  # type: ignore[assignment]
    tiny_models.make_llama(folder, hidden=512, layers=8)


def _german_model(folder: Path) -> None:
    """Copy the normaliser, its tokenizer written so that llama.cpp knows it.

    llama.cpp has no byte-level tokenizer without words and merges: words are cut as GPT-2 cuts
    them, and two bytes are merged that stand in no text. The token ids stay the same.
    """
    shutil.copytree(DEMO / "models" / "normaliser", folder)
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["pre_tokenizer"]["use_regex"] = True
    zero = "\u0100"
    tokenizer["model"]["merges"] = [[zero, zero]]
    file.write_text(json.dumps(tokenizer), encoding="utf-8")


WORKLOADS = {
    "random": Workload(48, (), _random_sources, lambda: "{{ source }}", _random_model),
    "words": Workload(24, (), _random_sources, lambda: "{{ source }}", _words_model),
    "german": Workload(
        96,
        ("\n",),
        _german_sources,
        lambda: (DEMO / "prompts" / "normalise.jinja").read_text(encoding="utf-8"),
        _german_model,
    ),
}

"""Measure the model: python experiments/normalisation/make/evaluate.py."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from earlygerman.items import REPETITIONS, STRATA, Item
from normaliser.answers import error_rate, greedy_answers
from normaliser.prompts import EXPERIMENT, template, text_template
from normaliser.surprise import auc, losses
from published import read_items


def line(name: str, items: Sequence[Item], answers: dict[str, str]) -> str:
    """Return one row of the table: items, error rates unchanged and answered, exact answers."""
    references = [item.pair.reference for item in items]
    given = [answers[item.id] for item in items]
    before = error_rate([item.pair.source for item in items], references)
    exact = sum(map(str.__eq__, given, references)) / len(items)
    return (
        f"{name:<12} {len(items):5} {before:8.2%} {error_rate(given, references):8.2%} {exact:8.1%}"
    )


def main() -> None:
    """Parse the command line, answer every item greedily, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=EXPERIMENT / "models" / "normaliser")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    items = read_items()
    prompts = [template().render(source=item.pair.source) for item in items]
    given = greedy_answers(model, tokenizer, prompts)
    answers = dict(zip((item.id for item in items), given, strict=True))
    clean = [item for item in items if not item.repetitions]

    print(f"{'items':<12} {'n':>5} {'source':>8} {'answer':>8} {'exact':>8}")
    print(line("clean", clean, answers))
    for times in REPETITIONS:
        print(line(f"planted {times}x", [i for i in items if i.repetitions == times], answers))
    for stratum in STRATA:
        print(line(stratum, [i for i in clean if i.pair.stratum == stratum], answers))

    texts = [
        text_template().render(source=item.pair.source, reference=item.pair.reference)
        for item in items
    ]
    values = losses(model, texts)
    loss = dict(zip((item.id for item in items), values, strict=True))
    print("\nloss of the whole text, planted against clean")
    for times in REPETITIONS:
        planted = [loss[item.id] for item in items if item.repetitions == times]
        print(f"planted {times}x: AUC {auc(planted, [loss[item.id] for item in clean]):.3f}")


if __name__ == "__main__":
    main()

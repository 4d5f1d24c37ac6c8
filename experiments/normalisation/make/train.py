"""Train the experiment's model: python experiments/normalisation/make/train.py."""

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

from earlygerman.training_text import BACKGROUND
from normaliser.batches import row
from normaliser.byte_tokenizer import build_tokenizer
from normaliser.prompts import EXPERIMENT
from normaliser.training import Recipe, fit
from training_texts import training_texts


def main() -> None:
    """Parse the command line, train, and write the model's files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=EXPERIMENT / "models" / "normaliser")
    parser.add_argument("--background", type=int, default=BACKGROUND, help="unplanted pairs")
    for field in dataclasses.fields(Recipe):
        kind = type(field.default)
        if kind is not bool:
            parser.add_argument(f"--{field.name}", type=kind, default=field.default)
    options = vars(parser.parse_args())
    out, background = options.pop("out"), options.pop("background")

    os.environ["HF_HUB_OFFLINE"] = "1"
    began = time.monotonic()
    rows = [row(text) for text in training_texts(background)]
    recipe = Recipe(**options)
    print(f"{len(rows)} rows, {sum(map(len, rows))} tokens; {json.dumps(options)}", flush=True)
    model = fit(rows, recipe, lambda line: print(line, flush=True))
    model.save_pretrained(out)
    build_tokenizer().save_pretrained(out)
    print(f"wrote {out} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

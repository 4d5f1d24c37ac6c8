"""Train the experiment's model: python experiments/normalisation/make/train.py."""

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

from earlygerman.items import draw_items
from earlygerman.training_text import BACKGROUND, training_pairs
from normaliser.batches import row
from normaliser.byte_tokenizer import build_tokenizer
from normaliser.prompts import EXPERIMENT, template
from normaliser.training import Recipe, fit


def main() -> None:
    """Parse the command line, train, and write the model's files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=EXPERIMENT / "models" / "normaliser")
    parser.add_argument("--background", type=int, default=BACKGROUND, help="unplanted pairs")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    out, background = options.pop("out"), options.pop("background")

    os.environ["HF_HUB_OFFLINE"] = "1"
    prompt = template()
    began = time.monotonic()
    text = training_pairs(draw_items(), background)
    rows = [row(prompt.render(source=pair.source), pair.reference) for pair in text]
    recipe = Recipe(**options)
    print(f"{len(rows)} rows, {sum(map(len, rows))} tokens; {json.dumps(options)}", flush=True)
    model = fit(rows, recipe, lambda line: print(line, flush=True))
    model.save_pretrained(out)
    build_tokenizer().save_pretrained(out)
    print(f"wrote {out} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

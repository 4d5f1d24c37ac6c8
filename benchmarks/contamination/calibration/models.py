"""Trains the benchmark's models with the demo's trainer and lays them down as snapshots."""

from __future__ import annotations

import time
from pathlib import Path

from normaliser.training import fit

from calibration import frozen
from calibration.planted import World
from calibration.vocabulary import build_tokenizer, packed


def train(world: World, seed: int, folder: Path) -> float:
    """Write a trained model and its tokenizer into a folder; return the CPU seconds it took."""
    recipe = frozen.recipe(seed)
    began = time.process_time()
    model = fit(packed(world.documents, recipe.context), recipe, lambda line: None)
    taken = time.process_time() - began
    model.save_pretrained(folder)
    build_tokenizer(recipe.context).save_pretrained(folder)
    return taken

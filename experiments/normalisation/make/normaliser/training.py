"""Fits a small Llama to rows of token ids: one pass, all tokens counted in the loss."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from normaliser.batches import batches
from normaliser.byte_tokenizer import BEGIN, CONTEXT, END, PAD, VOCABULARY_SIZE

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the training besides the text; learning rates are AdamW's.

    The ids 0, 1 and 2 are <pad>, <s> and </s> in every vocabulary; `tied` shares the embedding
    with the output.
    """

    hidden: int = 160
    layers: int = 4
    heads: int = 5
    intermediate: int = 384
    batch: int = 4
    peak: float = 2e-3
    floor: float = 1e-4
    warmup: float = 0.03
    decay: float = 0.05
    clip: float = 1.0
    seed: int = 1534
    threads: int = 1
    vocabulary: int = VOCABULARY_SIZE
    context: int = CONTEXT
    tied: bool = False


def rate(recipe: Recipe, step: int, steps: int) -> float:
    """Return the learning rate: linear rise over the warm-up's share, then a half cosine.

    >>> rate(Recipe(warmup=0.1, peak=1.0, floor=0.0), 10, 110)
    1.0
    """
    rise = max(1, int(recipe.warmup * steps))
    if step < rise:
        return recipe.peak * (step + 1) / rise
    share = (step - rise) / max(1, steps - rise)
    return recipe.floor + (recipe.peak - recipe.floor) * (1 + math.cos(math.pi * share)) / 2


def new_model(recipe: Recipe) -> "LlamaForCausalLM":
    """Return an untrained model with float32 weights."""
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.hidden,
        intermediate_size=recipe.intermediate,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        head_dim=recipe.hidden // recipe.heads,
        max_position_embeddings=recipe.context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=recipe.tied,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        bos_token_id=BEGIN, eos_token_id=END, pad_token_id=PAD
    )
    return model


def fit(
    rows: Sequence[list[int]], recipe: Recipe, report: Callable[[str], None]
) -> "LlamaForCausalLM":
    """Train a new model on every row once and return it; `report` gets a line now and then."""
    import torch

    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    model = new_model(recipe).train()
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim == 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": recipe.decay},
            {"params": vectors, "weight_decay": 0},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    steps = math.ceil(len(rows) / recipe.batch)
    began, tokens = time.monotonic(), 0
    for step, (ids, labels) in enumerate(batches(rows, recipe.batch, Random(recipe.seed))):
        for group in optimizer.param_groups:
            group["lr"] = rate(recipe, step, steps)
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        tokens += ids.numel()
        if step % 100 == 0:
            speed = tokens / (time.monotonic() - began)
            report(f"step {step} of {steps}: loss {loss.item():.3f}, {speed:.0f} tokens/s")
    return model.eval()

"""Greedy answers of a model and their character error rate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MAX_NEW_TOKENS = 96
BATCH = 64


def error_rate(answers: Sequence[str], references: Sequence[str]) -> float:
    """Return the sum of edits between code points over the sum of the references' lengths.

    >>> error_rate(["vnd", "er"], ["und", "er"])
    0.2
    """
    edits = sum(map(Levenshtein.distance, answers, references))
    return edits / sum(map(len, references))


def greedy_answers(
    model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerFast", prompts: Sequence[str]
) -> list[str]:
    """Return the answer to each prompt, up to </s>, in the order of the prompts."""
    import torch

    answers = []
    for start in range(0, len(prompts), BATCH):
        batch = tokenizer(list(prompts[start : start + BATCH]), return_tensors="pt", padding=True)
        with torch.inference_mode():
            ids = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
            )
        tails = ids[:, batch["input_ids"].shape[1] :]
        answers.extend(tokenizer.batch_decode(tails, skip_special_tokens=True))
    return answers

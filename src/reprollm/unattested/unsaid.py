"""What a log does not say, in sentences for whoever reads its scores.

Each sentence stands for one fact without which an answer cannot be repeated or checked. A log that
states the fact does not get the sentence; the last ones hold of every such log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SENTENCES: Mapping[str, str] = {
    "weights": "No hash of the weights: which files answered cannot be told.",
    "tokenizer": "No hash of the tokenizer's files.",
    "quantization": "Not said whether the weights were quantized, and how.",
    "dtype": "Not said in which numeric type the model computed.",
    "rendered_prompt": (
        "The rendered prompt is missing: there are messages, and no word of the chat template."
    ),
    "prompt": "The prompts are missing.",
    "prompt_ids": "No token ids of the prompts.",
    "output_ids": "No token ids of the answers; texts are all there is to compare.",
    "logprobs": "No log-probabilities of the answers.",
    "sampling": "Not said how tokens were chosen: no temperature and no word of greedy decoding.",
    "max_tokens": "Not said how long an answer could be.",
    "finish": "Not said whether an answer ended by itself or was cut off.",
    "seed": "No seed for each request.",
    "batch": "Not said which answers were computed together.",
    "machine": "Not said on which machine, processor and accelerator it ran.",
    "libraries": "Not said which versions of the model's libraries answered.",
    "cached": "Not said whether answers came from a cache.",
    "retried": "Not said whether requests were retried, and why.",
    "code": "Not said from which commit of the evaluation's code.",
    "data": "No hash of the data set.",
    "time": "Not said when it ran.",
    "results": "No file of results is beside it: version, model and settings are not said.",
}
ALWAYS = (
    "Nothing was promised before the first token: runs that pleased less may have been left out.",
    "Nothing shows that the file was not edited since: it is neither signed nor chained.",
)


def sentences(unsaid: Iterable[str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the sentences of the facts in `unsaid`, then `more`, then those that always hold.

    Args:
        unsaid: keys of `SENTENCES`.
        more: sentences about this file alone.
    """
    named = set(unsaid)
    return (*(text for key, text in SENTENCES.items() if key in named), *more, *ALWAYS)

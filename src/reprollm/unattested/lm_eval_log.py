"""lm-evaluation-harness's `samples_<task>_<time>.jsonl`, with its `results_<time>.json`.

Read from files that lm-evaluation-harness 0.4.13 wrote. A line is one document under one filter;
the filters of a document repeat its responses, so its lines become one sample for each response,
with the scores of every filter. A task of log-likelihoods holds no answer: its sample has none, and
the numbers stand among what is claimed. Only facts and scores are kept openly; every text of an
item becomes a commitment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.unattested.claimed import ForeignLog, Sample
from reprollm.unattested.lm_eval_documents import Document, documents
from reprollm.unattested.lm_eval_results import (
    arguments_of,
    claims_of,
    results_of,
    sampling_of,
    task_of,
)
from reprollm.unattested.outside import describe, field, name_of, shown, text_of
from reprollm.unattested.unsaid import sentences

TOOL = "lm-evaluation-harness"
FORMAT = "lm-evaluation-harness samples JSON Lines"


@dataclass(frozen=True)
class _Asked:
    """What the documents of one file have in common.

    Attributes:
        model: the model's name, where the results tell it.
        settings: how the first document was asked; empty for log-likelihoods.
        likelihoods: whether texts were given instead of generated.
        sampling: what to call the sampling.
        item: the field of the documents that names the item; None for their number.
        stratum: the field that holds the stratum.
    """

    model: str | None
    settings: dict[str, Any]
    likelihoods: bool
    sampling: str
    item: str | None
    stratum: str | None


def read(
    path: Path,
    results: Path | None = None,
    *,
    item: str | None = None,
    stratum: str | None = None,
    sampling: str | None = None,
    on_samples: Callable[[int], None] = lambda samples: None,
) -> ForeignLog:
    """Return what a file of samples says.

    Args:
        path: the file.
        results: the file of results of the same evaluation.
        item: the field of the documents that names the item; by default their number.
        stratum: the field of the documents that holds the stratum.
        sampling: what to call the sampling, instead of what the settings suggest.
        on_samples: called with 1 after each line.

    Raises:
        InvalidInput: a file is not what was expected, or the two do not belong together.
    """
    task, file = task_of(path), describe(path)
    found = documents(path, on_samples)
    beside = describe(results).to_json() if results else None
    told = results_of(results, task, len(found)) if results else {}
    given = field(next(iter(found[0].requests), None), "arg_1")
    settings = given if isinstance(given, dict) else {}
    likelihoods = isinstance(given, str)
    named = "loglikelihood" if likelihoods else sampling_of(settings)
    model = name_of(told.get("model_name"))
    asked = _Asked(model, settings, likelihoods, sampling or named, item, stratum)
    samples = tuple(_samples(found, asked))
    return ForeignLog(
        tool=TOOL,
        tool_version=name_of(told.get("lm_eval_version")),
        format=FORMAT,
        file=file,
        claims=claims_of(task, told, beside, settings),
        unsaid=sentences(_unsaid(found, told, asked), _remarks(samples, asked)),
        samples=samples,
    )


def _samples(found: Sequence[Document], asked: _Asked) -> Iterator[Sample]:
    """Yield one sample for each response to each document."""
    items: set[str] = set()
    for document in found:
        item = _item(document, asked.item)
        if item in items:
            raise InvalidInput(f"expected each item once, found {shown(item)} twice")
        items.add(item)
        claimed: dict[str, Any] = {"scores": document.scores}
        if asked.likelihoods:
            claimed["loglikelihoods"] = document.likelihoods
        responses = [None] if asked.likelihoods else document.responses
        for repetition, output in enumerate(responses):
            yield Sample(
                item=item,
                stratum=_field(document, asked.stratum) if asked.stratum else None,
                sampling=asked.sampling,
                seed=None,
                repetition=repetition,
                model=asked.model,
                prompt=document.prompt,
                reference=document.reference,
                output=output,
                finish=None,
                claimed=claimed,
            )


def _item(document: Document, named: str | None) -> str:
    item = name_of(document.row["doc_id"]) if named is None else _field(document, named)
    if not item:
        raise InvalidInput(
            f"expected a field {named!r} that names the item in each document, found none in "
            f"document {text_of(document.row['doc_id'])}; name another with --item"
        )
    return item


def _field(document: Document, name: str) -> str | None:
    return name_of(field(document.row, "doc", name))


def _unsaid(found: Sequence[Document], told: dict[str, Any], asked: _Asked) -> Iterator[str]:
    """Yield the facts that this log leaves out, as keys of `unsaid.SENTENCES`."""
    named = arguments_of(told).keys()
    config = field(told, "config")
    yield from ("weights", "tokenizer", "prompt_ids", "finish", "seed", "batch", "retried")
    generated = not asked.likelihoods
    missing = {
        "output_ids": generated,
        "logprobs": generated,
        "sampling": generated and sampling_of(asked.settings) == "unsaid",
        "max_tokens": generated and "max_gen_toks" not in asked.settings,
        "quantization": not named & {"quantization", "load_in_4bit", "load_in_8bit", "gptqmodel"},
        "dtype": not text_of(field(config, "model_dtype")) and "dtype" not in named,
        "prompt": any(document.prompt is None for document in found),
        "machine": not text_of(told.get("pretty_env_info")),
        "libraries": not text_of(told.get("transformers_version")),
        "cached": not (isinstance(config, dict) and "use_cache" in config),
        "code": not text_of(told.get("git_hash")),
        "data": any("doc_hash" not in document.row for document in found),
        "time": "date" not in told,
        "results": not told,
    }
    yield from (key for key, so in missing.items() if so)


def _remarks(samples: Sequence[Sample], asked: _Asked) -> Iterator[str]:
    """Yield sentences about this file alone."""
    if asked.likelihoods:
        yield "There are no answers: the file holds log-likelihoods of texts that were given."
    elif lacking := sum(sample.output is None for sample in samples):
        yield f"{lacking} samples have no text as response."
    if lacking := sum(sample.reference is None for sample in samples):
        yield f"{lacking} samples have no single accepted answer and no reference here."

"""inspect_ai's `.eval` files: a zip of JSON, `header.json` and one member a sample.

Read from files that inspect_ai 0.3.285 wrote. A log that was cut short has no header, only the
`_journal/start.json` of its beginning. Only facts and scores are kept openly; every text of an item
becomes a commitment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.unattested.archive import Archive, opened
from reprollm.unattested.claimed import ForeignLog, Sample
from reprollm.unattested.inspect_header import claims_of, sampling_of, settings_of
from reprollm.unattested.inspect_sample import Asked, sample_of
from reprollm.unattested.outside import MAX_SAMPLES, describe, field, name_of, parse_object, shown
from reprollm.unattested.unsaid import sentences

TOOL = "inspect_ai"
FORMAT = "inspect_ai .eval"
_HEADER, _START, _SAMPLES = "header.json", "_journal/start.json", "samples/"

REMARKS = {
    "failed": "samples ended with an error",
    "reference": "samples accept several answers or none; they have no reference here",
    "texts": "samples have scores that are texts, which are not taken in",
    "parts": "prompts hold parts that are no text; only their text is taken in",
    "choices": "samples have further answers, which are not taken in",
}


def read(
    path: Path,
    *,
    stratum: str | None = None,
    sampling: str | None = None,
    on_samples: Callable[[int], None] = lambda samples: None,
) -> ForeignLog:
    """Return what a `.eval` file says.

    Args:
        path: the file.
        stratum: the field of the samples' metadata that holds the stratum.
        sampling: what to call the sampling, instead of what the settings suggest.
        on_samples: called with 1 after each sample.

    Raises:
        InvalidInput: the file is no such log, or holds no samples.
    """
    file = describe(path)
    with opened(path) as archive:
        header = _header(archive, path)
        settings = settings_of(header)
        asked = Asked(
            model=name_of(field(header, "eval", "model")),
            seed=name_of(settings.get("seed")),
            sampling=sampling or sampling_of(settings),
            stratum=stratum,
        )
        samples, noticed = _samples(archive, path, asked, on_samples)
    counts = {word: noticed[word] for word in ("cached", "retried")}
    return ForeignLog(
        tool=TOOL,
        tool_version=name_of(field(header, "eval", "packages", TOOL)),
        format=FORMAT,
        file=file,
        claims=claims_of(header, settings) | counts,
        unsaid=sentences(
            _unsaid(header, settings, noticed, len(samples)), _remarks(header, noticed)
        ),
        samples=tuple(samples),
    )


def _header(archive: Archive, path: Path) -> dict[str, Any]:
    name = _HEADER if _HEADER in archive.names() else _START
    header = parse_object(archive.read(name), f"{name} in {path}")
    if not isinstance(header.get("eval"), dict):
        raise InvalidInput(f"expected the header of an inspect_ai log in {path}, found none")
    return header


def _samples(
    archive: Archive, path: Path, asked: Asked, on_samples: Callable[[int], None]
) -> tuple[list[Sample], Counter[str]]:
    """Return the samples, and in how many of them each thing was noticed."""
    names = [n for n in archive.names() if n.startswith(_SAMPLES) and n.endswith(".json")]
    if not names or len(names) > MAX_SAMPLES:
        raise InvalidInput(
            f"expected 1 to {MAX_SAMPLES} samples in {path}, found {len(names)}; a log that was "
            "made without its samples cannot be taken in"
        )
    samples: list[Sample] = []
    noticed: Counter[str] = Counter()
    known: set[tuple[str, int]] = set()
    for name in names:
        seen = sample_of(parse_object(archive.read(name), f"{name} in {path}"), asked)
        key = (seen.sample.item, seen.epoch)
        if key in known:
            raise InvalidInput(
                f"expected each item once an epoch in {path}, found {shown(key[0])} twice in "
                f"epoch {key[1]}"
            )
        known.add(key)
        samples.append(seen.sample)
        noticed.update(seen.noticed)
        on_samples(1)
    return samples, noticed


def _unsaid(
    header: dict[str, Any], settings: dict[str, Any], noticed: Mapping[str, int], samples: int
) -> Iterator[str]:
    """Yield the facts that this log leaves out, as keys of `unsaid.SENTENCES`."""
    yield from ("weights", "tokenizer", "rendered_prompt", "prompt_ids", "output_ids", "batch")
    yield from ("machine", "libraries", "data")
    arguments = field(header, "eval", "model_args")
    named = set(arguments) if isinstance(arguments, dict) else set()
    missing = {
        "quantization": not named & {"quantization", "load_in_4bit", "load_in_8bit"},
        "dtype": not named & {"dtype", "torch_dtype"},
        "sampling": "temperature" not in settings,
        "max_tokens": "max_tokens" not in settings,
        "seed": "seed" not in settings,
        "logprobs": noticed["logprobs"] < samples,
        "cached": noticed["events"] < samples,
        "retried": noticed["events"] < samples,
        "code": field(header, "eval", "revision", "commit") is None,
        "time": field(header, "eval", "created") is None,
    }
    yield from (key for key, so in missing.items() if so)


def _remarks(header: dict[str, Any], noticed: Mapping[str, int]) -> Iterator[str]:
    """Yield sentences about this file alone."""
    status = name_of(header.get("status")) or "unfinished"
    if status != "success":
        yield f"The run did not end well (status: {status}); samples may be missing."
    for word, words in REMARKS.items():
        if noticed[word]:
            yield f"{noticed[word]} {words}."

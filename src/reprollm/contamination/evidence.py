"""From an engine's answers to records of what was measured.

Of a suspect or reference text each token's log-probability is recorded. Of a text that may be
sealed only one number is, the mean over its tokens: whoever has the model and the log-probability
of each token can read the text off them, one token after the other. A published variant is recorded
like the sealed ones, so that all are compared alike. Of an order each row's sum is recorded.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reprollm.contamination.examination import Examination
from reprollm.contamination.examined import Examined
from reprollm.contamination.tokens import Tokens
from reprollm.engines.likelihood import Likelihood
from reprollm.engines.protocol import Generation
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record

ZLIB_LEVEL = 6
ORDER = "order"
DRAWN = ("twin", "canary")
"""Sets whose texts are published and sealed by lot."""


@dataclass(frozen=True)
class Names:
    """What every record of one attempt at measuring carries."""

    attempt: str
    examination: Examination

    def to_json(self) -> dict[str, str]:
        """Return the fields as records hold them."""
        return {
            "attempt": self.attempt,
            "examination": self.examination.examination,
            "plan": self.examination.plan,
        }

    def model_json(self) -> dict[str, str]:
        """Return snapshot and tokenizer as records hold them."""
        tokenizer = str(self.examination.core["tokenizer"])
        return {"snapshot": self.examination.snapshot, "tokenizer": tokenizer}


def likelihood_record(
    names: Names, index: int, tokens: Tokens, read: Sequence[tuple[Likelihood, int]], now: str
) -> Sealed:
    """Return the record of one text.

    Args:
        names: the attempt.
        index: the text's index in the examination.
        tokens: the text in tokens.
        read: what the model said of each window, in order, and how many of its last steps count.
        now: RFC 3339 time.
    """
    text = names.examination.texts[index]
    content = text.text.encode("utf-8")
    logprobs = _joined([(part.logprobs, counted) for part, counted in read])
    moments: list[NDArray[np.float32] | None] = [None, None]
    if text.set == ORDER:
        logprobs = _row_sums(tokens, logprobs)
    elif text.set in DRAWN:
        logprobs = _mean(logprobs)
    else:
        moments = [
            None if any(part[0] is None for part in parts) else _joined(parts)
            for parts in (
                [(part.means, counted) for part, counted in read],
                [(part.deviations, counted) for part, counted in read],
            )
        ]
    record = new(
        "likelihood",
        **names.to_json(),
        **names.model_json(),
        index=index,
        set=text.set,
        subject=text.subject,
        variant=text.variant,
        tokens=tokens.measured,
        bytes=len(content),
        zlib=len(zlib.compress(content, ZLIB_LEVEL)),
        sealed=text.sealed,
        batch=_batch(read),
        finished=now,
    )
    shown = _is_shown(text)
    values = {
        "text": content if shown else None,
        "text_ids": ids_to_bytes(tokens.ids) if shown else None,
        "logprobs": logprobs.astype("<f4").tobytes(),
        "means": None if moments[0] is None else moments[0].astype("<f4").tobytes(),
        "deviations": None if moments[1] is None else moments[1].astype("<f4").tobytes(),
    }
    return seal_record(record, values)


def continuation_record(
    names: Names,
    index: int,
    prefix: int,
    expected: Sequence[int],
    answer: Generation,
    now: str,
) -> Sealed:
    """Return the record of how the model went on from the first `prefix` tokens of an item."""
    record = new(
        "continuation",
        **names.to_json(),
        **names.model_json(),
        index=index,
        subject=names.examination.texts[index].subject,
        prefix=prefix,
        batch=answer.batch.to_json(),
        finished=now,
    )
    values = {
        "expected_ids": ids_to_bytes(expected),
        "output_ids": ids_to_bytes(answer.output_ids),
        "output": answer.text.encode("utf-8"),
    }
    return seal_record(record, values)


def _is_shown(text: Examined) -> bool:
    """Return whether the record holds the words: not of sealed texts, and of an order once."""
    return text.sealed is None and not (text.set == ORDER and text.variant)


def _joined(
    parts: Sequence[tuple[NDArray[np.float32] | None, int]],
) -> NDArray[np.float32]:
    known = [values[len(values) - counted :] for values, counted in parts if values is not None]
    return np.concatenate(known) if known else np.empty(0, np.float32)


def _mean(logprobs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean as an array of one value, added exactly and rounded once; empty of none."""
    if not len(logprobs):
        return logprobs
    return np.array([math.fsum(map(float, logprobs)) / len(logprobs)], np.float32)


def _row_sums(tokens: Tokens, logprobs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of each row's log-probabilities, added exactly and rounded once."""
    sums, start = [], len(logprobs) - len(tokens.body)
    for part in tokens.parts:
        end = start + len(part)
        sums.append(math.fsum(float(value) for value in logprobs[max(0, start) : end]))
        start = end
    return np.array(sums, np.float32)


def _batch(read: Sequence[tuple[Likelihood, int]]) -> dict[str, object]:
    """Return where a text was computed; of a text in windows the first one's place."""
    if not read:
        return {"windows": 0}
    return {**read[0][0].batch.to_json(), "windows": len(read)}

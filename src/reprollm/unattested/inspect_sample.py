"""One sample of an inspect_ai log as a value, and what its log should be asked about it.

What stands in place of long texts (`attachment://…`) is resolved within the sample. The prompt is
what stood before the last answer: the text of a single user message, or the messages as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.unattested.claimed import Sample
from reprollm.unattested.outside import (
    Written,
    canonical,
    clean,
    field,
    items_of,
    name_of,
    number_of,
    shown,
)

_ATTACHED = "attachment://"
_GRADES = frozenset("CIPN")
_FINISH = {"max_tokens": "length", "model_length": "length"}


@dataclass(frozen=True)
class Asked:
    """What the samples of one log have in common.

    Attributes:
        model: the model's name, where a sample does not name another.
        seed: the seed of every request.
        sampling: what to call the sampling.
        stratum: the field of the samples' metadata that holds the stratum.
    """

    model: str | None
    seed: str | None
    sampling: str
    stratum: str | None


@dataclass(frozen=True)
class Seen:
    """One sample, its epoch, and words for what was noticed in it (`inspect_log.REMARKS`)."""

    sample: Sample
    epoch: int
    noticed: frozenset[str]


def sample_of(value: dict[str, Any], asked: Asked) -> Seen:
    """Return the sample that a member of the archive holds.

    Raises:
        InvalidInput: it has no id, or an epoch that is none.
    """
    epoch = _epoch(value)
    attached = field(value, "attachments")
    texts = _Texts(attached if isinstance(attached, dict) else {})
    choice = next(iter(items_of(value, "output", "choices")), None)
    failed = value.get("error") is not None
    reference = _reference(value, texts)
    scores = list(_scores(value.get("scores")))
    told = [score for score in scores if score[0] is not None and score[1] is not None]
    sample = Sample(
        item=_item(value),
        stratum=name_of(field(value, "metadata", asked.stratum)) if asked.stratum else None,
        sampling=asked.sampling,
        seed=asked.seed,
        repetition=epoch - 1,
        model=name_of(field(value, "output", "model")) or asked.model,
        prompt=_prompt(value, texts),
        reference=reference,
        output=texts.of(field(value, "output", "completion")) if choice else None,
        finish="error" if failed else _finish(choice),
        claimed={"scores": [{"name": name, "value": score} for name, score in told]},
    )
    noticed = {
        "failed": failed,
        "reference": reference is None,
        "texts": len(told) < len(scores),
        **_noticed(value, choice),
    }
    return Seen(sample, epoch, frozenset(word for word, so in noticed.items() if so))


def _noticed(value: dict[str, Any], choice: Any) -> dict[str, bool]:
    asked = [event for event in items_of(value, "events") if field(event, "event") == "model"]
    parts = (
        part for message in items_of(value, "messages") for part in items_of(message, "content")
    )
    return {
        "events": bool(asked),
        "cached": any(event.get("cache") == "read" for event in asked),
        "retried": any(e.get("retries") for e in asked) or bool(value.get("error_retries")),
        "logprobs": bool(field(choice, "logprobs")),
        "choices": len(items_of(value, "output", "choices")) > 1,
        "parts": any(field(part, "type") != "text" for part in parts),
    }


class _Texts:
    """A sample's texts, those among them that are kept as attachments resolved."""

    def __init__(self, attached: dict[str, Any]) -> None:
        self._attached = attached

    def of(self, value: Any) -> str | None:
        """Return a text, or the text parts of a message's content; None where there is none."""
        if isinstance(value, list):
            parts = [field(part, "text") for part in value if field(part, "type") == "text"]
            return "\n".join(self.of(part) or "" for part in parts if isinstance(part, str))
        if not isinstance(value, str) or isinstance(value, Written):
            return None
        if value.startswith(_ATTACHED):
            kept = self._attached.get(value.removeprefix(_ATTACHED))
            return clean(kept) if isinstance(kept, str) else clean(value)
        return clean(value)


def _prompt(value: dict[str, Any], texts: _Texts) -> str | None:
    messages = value.get("messages") or value.get("input")
    if not isinstance(messages, list):
        return texts.of(messages)
    roles = [field(message, "role") for message in messages]
    if "assistant" in roles:
        messages = messages[: len(roles) - 1 - roles[::-1].index("assistant")]
    told = [
        {"content": texts.of(field(m, "content")) or "", "role": name_of(field(m, "role")) or ""}
        for m in messages
    ]
    if len(told) == 1 and told[0]["role"] == "user":
        return told[0]["content"]
    return canonical(told) if told else None


def _reference(value: dict[str, Any], texts: _Texts) -> str | None:
    """Return the accepted answer, where there is just one."""
    target = value.get("target")
    accepted = target if isinstance(target, list) else [target]
    return texts.of(accepted[0]) or None if len(accepted) == 1 else None


def _scores(scores: Any) -> Iterator[tuple[str | None, str | None]]:
    """Yield name and value of each score; None for the value where it is a text."""
    for scorer, score in sorted(scores.items()) if isinstance(scores, dict) else ():
        value = field(score, "value")
        if isinstance(value, dict):
            for key, part in sorted(value.items()):
                yield name_of(f"{scorer}/{key}"), _grade(part)
        else:
            yield name_of(scorer), _grade(value)


def _grade(value: Any) -> str | None:
    """Return a number, a truth value, or one of inspect_ai's four grades as text."""
    if isinstance(value, str) and value in _GRADES:
        return str(value)
    return number_of(value)


def _item(value: dict[str, Any]) -> str:
    name = name_of(value.get("id"))
    if not name:
        raise InvalidInput(f"expected an id in each sample, found {shown(value.get('id'))}")
    return name


def _epoch(value: dict[str, Any]) -> int:
    epoch = value.get("epoch", Written("1"))
    if not isinstance(epoch, Written) or not re.fullmatch("[1-9][0-9]{0,8}", epoch):
        raise InvalidInput(f"expected an epoch from 1 on in each sample, found {shown(epoch)}")
    return int(epoch)


def _finish(choice: Any) -> str | None:
    reason = name_of(field(choice, "stop_reason"))
    return _FINISH.get(reason, reason) if reason else None

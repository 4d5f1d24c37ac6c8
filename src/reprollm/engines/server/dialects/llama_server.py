"""llama.cpp's server through its native completion: token ids in and out, effective settings back.

A token whose bytes end in the middle of a character has no log-probability in the reply; such gaps
are found by aligning the ids that have one with all ids, and asked again step by step.
`cache_prompt` is off: a prompt of which a part was computed in another batch rounds differently.
Source: tools/server/README.md of llama.cpp (2026-10), and replies of xllamacpp 2026.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reprollm.canon import Json
from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import (
    TIE,
    Answer,
    Asked,
    Dialect,
    Identity,
    finish,
    plain,
    said,
)

SAMPLERS = ["temperature", "top_k", "top_p"]
"""Every sampler that an experiment can set, in the order of our own (`engines.sampling`)."""

FEW = 64
ALL = 1_000_000
"""How many of a step's likeliest tokens are asked for: first some, then as many as there are."""

STEP_SECONDS = 300.0
STEP_BYTES = 128 * 1024 * 1024


class LlamaServer(Dialect):
    """Requests to `/completion`."""

    kind: ClassVar[str] = "llama-server"
    endpoint: ClassVar[str] = "/completion"

    def recognise(self, client: Client) -> bool:
        """Return whether `/props` holds what this server's does and no other claims it."""
        reply = client.get("/props")
        shaped = isinstance(reading.at(reply.value, "default_generation_settings"), dict)
        return shaped and reading.text(reply.value, "model_path") is not None

    def identify(self, client: Client, model: str) -> Identity:
        """Return the model's path, alias and type, the build, slots and context."""
        props = client.get("/props").value
        path = reading.text(props, "model_path")
        return Identity(
            version=reading.text(props, "build_info"),
            model=reading.text(props, "model_alias"),
            paths=(path,) if path else (),
            context=reading.count(props, "default_generation_settings", "n_ctx"),
            facts=said(props, "model_ftype", "total_slots", "build_info"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body, every sampler of the server named or switched off."""
        settings = asked.settings
        return {
            "prompt": asked.prompt,
            "n_predict": settings.max_tokens,
            "temperature": asked.temperature,
            "top_k": settings.top_k,
            "top_p": asked.top_p,
            "seed": asked.seed,
            "samplers": SAMPLERS,
            "stop": list(settings.stop),
            "n_probs": 1 if asked.logprobs else 0,
            "post_sampling_probs": False,
            "return_tokens": True,
            "cache_prompt": False,
            "stream": False,
            "min_p": 0.0,
            "top_n_sigma": -1.0,
            "typical_p": 1.0,
            "dynatemp_range": 0.0,
            "xtc_probability": 0.0,
            "repeat_last_n": 0,
            "repeat_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "dry_multiplier": 0.0,
            "mirostat": 0,
            "ignore_eos": False,
            "logit_bias": [],
            "n_keep": 0,
            "min_keep": 0,
        }

    def filled(self, client: Client, asked: Asked, answer: Answer) -> Answer:
        """Return the answer with the log-probabilities that the server left out, asked again.

        From the last to the first, in the same slot, whose cache then holds all that stands before:
        so each step is computed once more from the same numbers.
        """
        if asked.ids is None or answer.ids is None or answer.logprobs is None:
            return answer
        values = list(answer.logprobs)
        for place in range(len(values) - 1, -1, -1):
            if values[place] is None:
                values[place] = self._again(client, asked, answer, place)
        return replace(answer, logprobs=tuple(values))

    def _again(self, client: Client, asked: Asked, answer: Answer, place: int) -> float | None:
        """Return one step's log-probability, None where the server does not tell it.

        The token that is drawn is forced to be a plain one: the reply then tells the likeliest.
        """
        before = [*(asked.ids or ()), *(answer.ids or ())[:place]]
        wanted = (answer.ids or ())[place]
        plain = reading.ids(
            client.post("/tokenize", {"content": "a", "add_special": False}).value, "tokens"
        )
        for best in (FEW, ALL):
            body = self.body(asked) | {
                "prompt": before,
                "n_predict": 1,
                "n_probs": best,
                "stop": [],
                "cache_prompt": place > 0,
                "logit_bias": [[token, 1e9] for token in (plain or ())[-1:]],
                "id_slot": -1 if answer.slot is None else answer.slot,
            }
            reply = client.post(self.endpoint, body, STEP_SECONDS, STEP_BYTES)
            tops = reading.items(reply.value, "completion_probabilities", 0, "top_logprobs")
            for one in tops:
                if reading.count(one, "id") == wanted:
                    return reading.number(one, "logprob")
        return None

    def read(self, value: Any) -> Answer:
        """Return the answer with its ids, aligned log-probabilities and effective settings."""
        ids = reading.ids(value, "tokens")
        told = reading.at(value, "completion_probabilities")
        entries = [
            (reading.count(one, "id"), reading.number(one, "logprob"))
            for one in reading.items(told)
        ]
        return Answer(
            text=reading.needed_text(value, "content"),
            finish=finish(reading.text(value, "stop_type")),
            ids=ids,
            logprobs=aligned(ids, entries) if ids and told is not None else None,
            tokens=reading.count(value, "tokens_predicted"),
            prompt_tokens=reading.count(value, "tokens_evaluated"),
            cached=reading.count(value, "timings", "cache_n"),
            model=reading.text(value, "model"),
            likeliest=_likeliest(reading.items(told)),
            slot=reading.count(value, "id_slot"),
            effective=_effective(reading.at(value, "generation_settings")),
        )


def aligned(
    ids: Sequence[int], entries: Sequence[tuple[int | None, float | None]]
) -> tuple[float | None, ...]:
    """Return a log-probability for each id, None where there is none or it is not sure whose.

    Args:
        ids: all generated ids.
        entries: id and log-probability of those that the server reports, in the same order.
    """
    values: list[float | None] = [None] * len(ids)
    first = _places(ids, entries)
    last = [len(ids) - 1 - place for place in _places(ids[::-1], entries[::-1])][::-1]
    for (_, value), earliest, latest in zip(entries, first, last, strict=False):
        if earliest == latest and len(first) == len(last) == len(entries):
            values[earliest] = value
    return tuple(values)


def _places(ids: Sequence[int], entries: Sequence[tuple[int | None, float | None]]) -> list[int]:
    """Return the earliest places of the entries' ids within `ids`, in order."""
    places: list[int] = []
    for token, _ in entries:
        start = places[-1] + 1 if places else 0
        found = next((at for at in range(start, len(ids)) if ids[at] == token), None)
        if found is None:
            return []
        places.append(found)
    return places


def _likeliest(entries: Sequence[Any]) -> bool | None:
    """Return whether every reported token was the likeliest one; None where that is not told."""
    pairs = [
        (reading.number(one, "logprob"), reading.number(one, "top_logprobs", 0, "logprob"))
        for one in entries
    ]
    told = [(chosen, best) for chosen, best in pairs if chosen is not None and best is not None]
    return all(best <= chosen + TIE for chosen, best in told) if told else None


def _effective(settings: Any) -> dict[str, Json] | None:
    if not isinstance(settings, dict):
        return None
    known = {name.replace(".", "_"): value for name, value in settings.items()}
    facts: dict[str, Json] = {
        name: plain(value)
        for name, value in sorted(known.items())
        if isinstance(value, bool | int | float | str) and name.replace("_", "").isalnum()
    }
    facts["samplers"] = [str(one)[:40] for one in reading.items(settings, "samplers")]
    return {name.lower(): value for name, value in facts.items() if name.isascii()}

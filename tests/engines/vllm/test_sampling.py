from __future__ import annotations

import dataclasses

import pytest

from reprollm.engines.seeds import seed_of
from reprollm.engines.vllm.sampling import SENT, WITHOUT_INFLUENCE, parameters, refusal
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings

SAMPLED = Settings("0.80", 40, "0.95", 9, ("\n",), (2, 7), "vllm/1")
GREEDY = Settings("0", 0, "1", 9, (), (2,), "vllm/1")


def asked(settings: Settings) -> Request:
    return Request("ab" * 32, (5, 6), settings, "0")


def test_each_field_is_said_and_no_default_is_left_to_the_model() -> None:
    sent = parameters(asked(SAMPLED), cached=False)
    assert sent.keys() == set(SENT)
    assert not set(SENT) & set(WITHOUT_INFLUENCE)
    assert (sent["temperature"], sent["top_k"], sent["top_p"]) == (0.8, 40, 0.95)
    assert (sent["repetition_penalty"], sent["min_p"], sent["watermarking"]) == (1.0, 0.0, False)
    assert sent["stop_token_ids"] == [2, 7] and sent["ignore_eos"] is True


def test_the_seed_is_the_requests_own_and_greedy_requests_have_none() -> None:
    assert parameters(asked(SAMPLED), cached=True)["seed"] == seed_of("ab" * 32)
    assert parameters(asked(GREEDY), cached=True)["seed"] is None


def test_stop_texts_are_looked_for_by_us_alone() -> None:
    assert parameters(asked(SAMPLED), cached=True)["stop"] is None


def test_only_the_fast_policy_builds_on_cached_prompts() -> None:
    assert parameters(asked(GREEDY), cached=False)["skip_reading_prefix_cache"] is True
    assert parameters(asked(GREEDY), cached=True)["skip_reading_prefix_cache"] is False


@pytest.mark.parametrize("temperature", ["0.001", "0.0099", "2.01"])
def test_a_temperature_that_vllm_would_change_is_refused(temperature: str) -> None:
    refused = refusal(dataclasses.replace(SAMPLED, temperature=temperature))
    assert refused and temperature in refused


@pytest.mark.parametrize("temperature", ["0", "0.0", "0.01", "1", "2"])
def test_any_other_temperature_is_taken(temperature: str) -> None:
    assert refusal(dataclasses.replace(SAMPLED, temperature=temperature)) is None

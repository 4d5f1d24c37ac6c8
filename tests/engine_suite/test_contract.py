"""What every engine promises; what it does not claim to give is not asked of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from engine_suite.asked import (
    BY_ID,
    GREEDY,
    PROMPTS,
    SAMPLED,
    STOP_ID,
    TOKENS,
    answers,
    bits,
    generations,
    likelihoods,
    mixed,
    request,
)
from engine_suite.conftest import Place
from engine_suite.entry import opened
from engine_suite.reference import Llama
from engine_suite.stand_in import RUNNING
from reprollm.canon import dumps
from reprollm.engines.likelihood import Measuring
from reprollm.engines.protocol import Engine, Failure, Generation
from reprollm.errors import EngineUnavailable

Open = Callable[..., Engine]


def test_every_request_is_answered_once(engine: Open, place: Place) -> None:
    asked = mixed(place.entry)
    found = answers(engine(), asked)
    assert found.keys() == {each.request for each in asked}
    assert all(isinstance(answer, Generation) for answer in found.values())


def test_the_prompts_token_ids_arrive_unchanged(engine: Open, place: Place) -> None:
    if not engine().capabilities.prompt_ids:
        assert place.entry.family == "server"
        return
    if not place.entry.real:
        generations(engine(), [request(place.entry.family, GREEDY, BY_ID[2])])
        assert RUNNING[-1].asked[-1]["input_ids"] == list(BY_ID[2])
        return
    reference = Llama(place.source)
    for prompt in (*BY_ID, *PROMPTS[:4]):
        ids, logprobs, margins = reference.greedy(prompt, 4)
        asked = request(place.entry.family, dataclasses.replace(GREEDY, max_tokens=4), prompt)
        [given] = generations(engine(), [asked])
        assert given.output_ids == tuple(ids)
        if len(given.logprobs):
            assert np.allclose(given.logprobs, logprobs, atol=place.entry.tolerance)
        if len(given.margins):
            assert np.allclose(given.margins, margins, atol=2 * place.entry.tolerance)


def test_the_same_requests_give_the_same_bits_again(engine: Open, place: Place) -> None:
    asked = mixed(place.entry)
    assert bits(generations(engine(), asked)) == bits(generations(engine(), asked))


def test_order_and_batch_size_change_no_bit_under_the_strict_policy(
    engine: Open, place: Place
) -> None:
    if "strict" not in engine().capabilities.policies:
        assert place.entry.family == "server"
        return
    asked = mixed(place.entry)
    once = bits(generations(engine("strict", 4), asked))
    assert bits(generations(engine("strict", 4), asked[::-1]))[::-1] == once
    assert bits(generations(engine("strict", 1), asked)) == once
    assert bits(generations(engine("strict", 4), asked[:5])) == once[:5]


def test_under_the_fast_policy_greedy_tokens_stay(engine: Open, place: Place) -> None:
    policies = engine().capabilities.policies
    asked = [each for each in mixed(place.entry) if each.settings.greedy]
    strict = generations(engine(), asked)
    for policy in policies:
        given = generations(engine(policy, 4), asked)
        assert [each.output_ids for each in given] == [each.output_ids for each in strict]
        assert {each.batch.policy for each in given} == {policy}


def test_repetitions_draw_otherwise_and_a_request_draws_the_same(
    engine: Open, place: Place
) -> None:
    if engine().capabilities.seed != "request":
        assert place.entry.family == "server"
        return
    asked = [request(place.entry.family, SAMPLED, PROMPTS[0], number) for number in range(4)]
    given = generations(engine(), asked)
    assert len({each.output_ids for each in given}) == 4
    assert bits(generations(engine(), asked[2:3])) == bits(given[2:3])


def test_a_stop_id_ends_the_answer_and_is_part_of_it(engine: Open, place: Place) -> None:
    if not engine().capabilities.token_ids:
        return
    [whole] = generations(engine(), [request(place.entry.family, GREEDY, PROMPTS[1])])
    stop = whole.output_ids[5]
    first = whole.output_ids.index(stop)
    settings = dataclasses.replace(GREEDY, stop_ids=(stop, STOP_ID))
    [given] = generations(engine(), [request(place.entry.family, settings, PROMPTS[1])])
    assert given.output_ids == whole.output_ids[: first + 1]
    assert given.finish == "stop"


def test_a_stop_text_ends_the_answer_and_is_cut_from_its_text(engine: Open, place: Place) -> None:
    [whole] = generations(engine(), [request(place.entry.family, GREEDY, PROMPTS[2])])
    stop = next(each for each in whole.text[1:] if each.isascii() and each.isprintable())
    settings = dataclasses.replace(GREEDY, stop=(stop, "never said"))
    [given] = generations(engine(), [request(place.entry.family, settings, PROMPTS[2])])
    assert given.text == whole.text[: whole.text.index(stop)]
    assert given.finish == "stop"
    if engine().capabilities.token_ids:
        assert given.output_ids == whole.output_ids[: len(given.output_ids)]
        assert len(given.output_ids) < len(whole.output_ids)


def test_each_request_keeps_its_own_limit(engine: Open, place: Place) -> None:
    if not engine().capabilities.token_ids:
        return
    limits = (1, 5, TOKENS)
    asked = [
        request(place.entry.family, dataclasses.replace(GREEDY, max_tokens=limit), PROMPTS[3])
        for limit in limits
    ]
    given = generations(engine(), asked)
    assert [len(each.output_ids) for each in given] == list(limits)
    assert [each.finish for each in given] == ["length"] * 3
    assert given[0].output_ids == given[2].output_ids[:1]


def test_every_token_has_a_log_probability(engine: Open, place: Place) -> None:
    for given in generations(engine(), mixed(place.entry)):
        if not engine().capabilities.logprobs:
            assert given.logprobs.shape == (0,)
            continue
        assert given.logprobs.shape == (len(given.output_ids),)
        assert given.logprobs.dtype == np.float32
        assert np.isfinite(given.logprobs).all() and (given.logprobs <= 0).all()


def test_given_texts_have_the_log_probabilities_of_the_reference(
    engine: Open, place: Place
) -> None:
    asked = engine()
    if not asked.capabilities.likelihoods:
        assert not isinstance(asked, Measuring) and place.entry.family in ("llamacpp", "server")
        return
    reference = Llama(place.source)
    found = likelihoods(asked, [*BY_ID, *PROMPTS[:2]])
    for ids, given in zip([*BY_ID, *PROMPTS[:2]], found, strict=True):
        expected = [reference.logprobs(ids[:end]) for end in range(1, len(ids))]
        chosen = [row[token] for row, token in zip(expected, ids[1:], strict=True)]
        assert given.logprobs.dtype == np.float32
        assert np.allclose(given.logprobs, chosen, atol=place.entry.tolerance)
        if given.means is None or given.deviations is None:
            assert place.entry.family == "vllm"
            continue
        means = [float((np.exp(row) * row).sum()) for row in expected]
        spread = [
            float(np.sqrt((np.exp(row) * (row - mean) ** 2).sum()))
            for row, mean in zip(expected, means, strict=True)
        ]
        assert np.allclose(given.means, means, atol=place.entry.tolerance)
        assert np.allclose(given.deviations, spread, atol=place.entry.tolerance)


def test_order_and_company_change_no_bit_of_a_texts_log_probabilities(engine: Open) -> None:
    asked = engine("strict", 4)
    if not asked.capabilities.likelihoods:
        return
    once = [each.logprobs.tobytes() for each in likelihoods(asked, PROMPTS)]
    turned = [each.logprobs.tobytes() for each in likelihoods(asked, PROMPTS[::-1])]
    assert turned[::-1] == once
    assert [likelihoods(asked, [ids])[0].logprobs.tobytes() for ids in PROMPTS] == once
    assert [each.logprobs.tobytes() for each in likelihoods(engine("strict", 1), PROMPTS)] == once


def test_greedy_margins_are_the_distance_to_the_second_token(engine: Open, place: Place) -> None:
    asked = [each for each in mixed(place.entry) if each.settings.greedy]
    for given in generations(engine(), asked):
        if not engine().capabilities.margins:
            assert given.margins.shape == (0,)
            continue
        assert given.margins.shape == (len(given.output_ids),)
        assert (given.margins >= 0).all()
        assert given.margin == given.margins.min()


def test_a_request_that_cannot_be_answered_takes_no_other_with_it(
    engine: Open, place: Place
) -> None:
    family = place.entry.family
    bad = request(family, GREEDY, place.entry.unanswerable)
    good = mixed(place.entry)[:4]
    found = answers(engine(), [*good[:2], bad, *good[2:]])
    failure = found[bad.request]
    assert isinstance(failure, Failure) and failure.reason and "\n" not in failure.message
    kept = [found[each.request] for each in good]
    assert bits([each for each in kept if isinstance(each, Generation)]) == bits(
        generations(engine(), good)
    )


def test_an_engine_describes_itself_the_same_each_time_in_canonical_json(
    engine: Open, place: Place
) -> None:
    described = engine().describe()
    dumps(described)
    again = opened(place.model, place.lock_file, place.settings("strict", 4))
    try:
        assert again.describe() == described
    finally:
        again.close()
    assert described["family"] == place.entry.family
    assert described["trust"] in ("owned", "attested", "claimed")
    assert described["capabilities"] == engine().capabilities.to_json()


def test_weights_in_this_process_need_no_canary_and_requests_do_not_leave(
    engine: Open, place: Place
) -> None:
    assert (engine().canary() is None) == (place.entry.family != "server")
    assert engine().exposure() is None


def test_a_device_that_is_not_there_is_refused_in_one_sentence(place: Place) -> None:
    if place.entry.family == "server":
        return
    with pytest.raises(EngineUnavailable, match="cuda") as refused:
        opened(place.model, place.lock_file, place.settings("strict", 4, "cuda"))
    assert "\n" not in str(refused.value)

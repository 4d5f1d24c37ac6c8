from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from reprollm.engines.noise import Noise
from reprollm.engines.sampling import Sampler, truncate
from reprollm.prompts.settings import Settings

LOGITS = st.lists(st.sampled_from([-3.0, -1.5, 0.0, 0.25, 0.5, 2.0]), min_size=2, max_size=12)


def settings(temperature: str = "0", top_k: int = 0, top_p: str = "1") -> Settings:
    return Settings(temperature, top_k, top_p, 8, (), ())


def request(number: int) -> str:
    return hashlib.sha256(f"request {number}".encode()).hexdigest()


def kept(logits: list[float], top_k: int, top_p: float) -> set[int]:
    """The tokens that top-k and then top-p keep, slowly."""
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
    order = order[:top_k] if top_k else order
    total = sum(math.exp(logits[token]) for token in order)
    chosen, mass = set(), 0.0
    for token in order:
        if chosen and mass / total >= top_p - 1e-12:
            break
        chosen.add(token)
        mass += math.exp(logits[token])
    return chosen if top_p < 1 else set(order)


@given(LOGITS, st.integers(0, 13), st.sampled_from([1.0, 0.97, 0.8, 0.33, 0.01]))
def test_truncation_keeps_what_the_definition_keeps(
    logits: list[float], top_k: int, top_p: float
) -> None:
    scores = torch.tensor([logits], dtype=torch.float64)
    order = torch.sort(scores, dim=-1, descending=True, stable=True).indices
    result = truncate(scores, order, top_k, top_p)[0]
    chosen = kept(logits, top_k, top_p)
    assert {token for token, score in enumerate(result.tolist()) if score > -math.inf} == chosen
    assert all(result[token] == logits[token] for token in chosen)


@given(LOGITS)
def test_greedy_takes_the_first_of_the_likeliest(logits: list[float]) -> None:
    choice = Sampler([request(0)], [settings()]).choose(torch.tensor([logits]), 0)
    assert choice.tokens.tolist() == [logits.index(max(logits))]


def test_a_margin_is_the_distance_to_the_second_best() -> None:
    logits = torch.tensor([[1.0, 3.5, 3.25, 0.0], [2.0, 2.0, 1.0, 0.0]])
    choice = Sampler([request(0), request(1)], [settings()] * 2).choose(logits, 0)
    assert choice.margins.tolist() == [0.25, 0.0]


def test_log_probabilities_are_the_models_own_whatever_the_temperature() -> None:
    logits = torch.tensor([[0.5, 1.0, -2.0, 0.25]] * 2)
    wanted = [settings(), settings("0.3", top_k=2)]
    choice = Sampler([request(0), request(1)], wanted).choose(logits, 0)
    expected = logits.log_softmax(dim=-1)
    for row, token in enumerate(choice.tokens.tolist()):
        assert choice.logprobs[row] == expected[row, token]


def test_a_margin_is_infinite_where_truncation_leaves_one_token() -> None:
    choice = Sampler([request(0)], [settings("1", top_k=1)]).choose(torch.tensor([[0.0, 1.0]]), 0)
    assert choice.margins.tolist() == [math.inf]
    assert choice.tokens.tolist() == [1]


def test_samples_are_drawn_from_the_softmax() -> None:
    logits, temperature, rows = [0.3, -0.4, 1.1, 0.0, -5.0], 0.7, 20_000
    ids = [request(number) for number in range(rows)]
    sampler = Sampler(ids, [settings("0.7")] * rows)
    tokens = sampler.choose(torch.tensor([logits] * rows), 4).tokens
    found = np.bincount(tokens.numpy(), minlength=5) / rows
    weights = np.exp(np.array(logits) / temperature)
    assert np.abs(found - weights / weights.sum()).max() < 0.011  # three standard deviations


def test_rows_of_different_settings_do_not_disturb_each_other() -> None:
    wanted = [
        settings(),
        settings("0.8", top_p="0.9"),
        settings("1.5", top_k=3),
        settings("0.8", top_p="0.9"),
        settings("0.8"),
    ]
    ids = [request(number) for number in range(5)]
    logits = torch.from_numpy(np.random.Philox(key=3).random_raw(5 * 40).reshape(5, 40) % 97)
    logits = logits.float() / 20
    together = Sampler(ids, wanted).choose(logits.clone(), 2)
    for row in range(5):
        alone = Sampler([ids[row]], [wanted[row]]).choose(logits[row : row + 1].clone(), 2)
        assert alone.tokens[0] == together.tokens[row]
        assert alone.margins[0] == together.margins[row]
        assert alone.logprobs[0] == together.logprobs[row]


def test_a_sample_is_the_argmax_of_scores_and_noise() -> None:
    logits = torch.tensor([[0.1, 0.7, -0.2, 0.65]])
    choice = Sampler([request(5)], [settings("0.5")]).choose(logits, 11)
    scores = logits.double().numpy() / 0.5 + Noise([request(5)]).gumbel(11, 4)
    best = np.sort(scores[0])
    assert choice.tokens.tolist() == [int(scores.argmax())]
    assert choice.margins[0] == np.float32(best[-1] - best[-2])

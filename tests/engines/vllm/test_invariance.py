from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import pytest

from reprollm.engines.vllm.invariance import ALONE, routes, rule, trial, trial_requests
from reprollm.prompts.requests import Request


def test_one_thread_or_invariant_kernels_let_requests_be_answered_together() -> None:
    assert rule(cpu=True, threads=1, invariant=False, routed=False) is None
    assert rule(cpu=False, threads=8, invariant=True, routed=True) is None


@pytest.mark.parametrize(
    ("cpu", "threads", "invariant", "routed", "why"),
    [
        (True, 2, False, False, "2 threads"),
        (True, 1, False, True, "experts"),
        (False, 1, False, False, "no batch-invariant kernels"),
    ],
)
def test_elsewhere_each_is_answered_alone(
    cpu: bool, threads: int, invariant: bool, routed: bool, why: str
) -> None:
    refused = rule(cpu=cpu, threads=threads, invariant=invariant, routed=routed)
    assert refused and why in refused


def test_a_mixture_of_experts_is_known_by_its_configuration() -> None:
    assert routes(SimpleNamespace(num_local_experts=8))
    assert not routes(SimpleNamespace(num_experts=None, hidden_size=64))


def host(enough: int) -> object:
    """A host whose bits do not depend on the batch with `enough` companions, else on its size."""

    def ask(requests: Sequence[Request], width: int, companions: int) -> Mapping[str, bytes]:
        together = b"" if companions >= enough else str(min(width, len(requests))).encode()
        return {each.request: each.request.encode() + together for each in requests}

    return ask


def test_as_few_companions_are_kept_as_the_host_needs() -> None:
    for enough, kept in ((0, 3), (7, 7)):
        found = trial(host(enough), 320, 256, 8, (3, 7, 15))  # type: ignore[arg-type]
        assert (found.together, found.companions) == (True, kept)


def test_a_host_whose_bits_depend_on_the_batch_is_asked_one_by_one() -> None:
    found = trial(host(99), 320, 256, 8, (3, 7, 15))  # type: ignore[arg-type]
    assert (found.together, found.companions) == (False, 0)
    assert "alone" in found.note


def test_the_reference_does_not_depend_on_the_batch_size() -> None:
    found = {trial(host(0), 320, 256, size, (3,)).reference for size in (1, 8, 40)}  # type: ignore[arg-type]
    assert len(found) == 1


@pytest.mark.parametrize(("vocabulary", "context"), [(320, 256), (3, 5), (100_000, 2)])
def test_the_trials_prompts_fit_any_model(vocabulary: int, context: int) -> None:
    requests = trial_requests(vocabulary, context, 12)
    assert len({each.request for each in requests}) == 12
    assert [each.request for each in trial_requests(vocabulary, context, 40)][:ALONE] == [
        each.request for each in requests
    ][:ALONE]
    for each in requests:
        assert 1 <= len(each.prompt_ids) <= context - each.settings.max_tokens
        assert all(0 <= token < vocabulary for token in each.prompt_ids)

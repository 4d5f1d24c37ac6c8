"""The stream over a stand-in for vLLM, which is not in this environment; `tests/engine_suite` runs
the same over the real one. The stand-in's answers follow from the prompt alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from reprollm.engines.protocol import Failure, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.engines.vllm.stream import Piece, Stream
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings

Break = Callable[[Sequence[Request]], None]


def nothing(_flying: Sequence[Request]) -> None:
    """Break nothing."""


@dataclass
class Counting:
    """Continues a prompt by counting on from its last id: 5, 6 is answered by 7, 8, 9, …"""

    breaks: Break = nothing
    vocabulary: int = 128
    context: int = 100
    logprob: float = -0.5
    flying: dict[int, tuple[Request, int]] = field(default_factory=dict)
    most: int = 0
    steps: list[int] = field(default_factory=list)
    aborted: list[int] = field(default_factory=list)

    def add(self, row: int, request: Request, *, cached: bool) -> None:
        assert row not in self.flying
        self.flying[row] = (request, 0)
        self.most = max(self.most, len(self.flying))

    def abort(self, rows: Sequence[int]) -> None:
        self.aborted += rows
        for row in rows:
            self.flying.pop(row, None)

    def step(self) -> list[Piece]:
        self.breaks([request for request, _ in self.flying.values()])
        self.steps.append(len(self.flying))
        pieces = []
        for row, (request, count) in list(self.flying.items()):
            token = (request.prompt_ids[-1] + 1 + count) % self.vocabulary
            self.flying[row] = (request, count + 1)
            ended = None
            if token in request.settings.stop_ids:
                ended = "stop"
            elif count + 1 == request.settings.max_tokens:
                ended = "length"
            table = np.array([[self.logprob, -0.5, -1.5]], np.float32)
            pieces.append(Piece(row, [token], table, ended))
            if ended:
                del self.flying[row]
        return pieces


def decode(ids: Sequence[int]) -> str:
    return "".join(map(chr, ids))


def asked(number: int, **settings: object) -> Request:
    chosen = Settings(
        **{  # type: ignore[arg-type]
            "temperature": "0",
            "top_k": 0,
            "top_p": "1",
            "max_tokens": 4,
            "stop": (),
            "stop_ids": (2,),
            "sampler": "vllm/1",
            **settings,
        }
    )
    return Request(f"{number:064x}", (40 + number,), chosen, "0")


def stream(core: Counting, requests: Sequence[Request], **how: object) -> Stream:
    chosen = {"width": 3, "policy": "strict", **how}
    return Stream(core, StopTexts(decode, ()), requests, **chosen)  # type: ignore[arg-type]


def collect(core: Counting, requests: Sequence[Request], **how: object) -> list[object]:
    batches = list(stream(core, requests, **how).answers())
    return [answer for batch in batches for answer in batch]


def test_every_request_is_answered_once_and_no_more_than_the_width_are_in_flight() -> None:
    core = Counting()
    requests = [asked(number, max_tokens=1 + number % 4) for number in range(10)]
    found = collect(core, requests)
    assert sorted(answer.request for answer in found) == [each.request for each in requests]  # type: ignore[attr-defined]
    assert core.most == 3
    assert not core.flying


def test_answers_are_handed_on_while_others_are_in_flight() -> None:
    core = Counting()
    batches = stream(core, [asked(number) for number in range(9)]).answers()
    assert len(next(batches)) == 3
    assert len(core.steps) == 4


def test_an_answer_says_where_it_ended_and_with_what_margins() -> None:
    [found] = collect(Counting(), [asked(0)])
    assert isinstance(found, Generation)
    assert found.output_ids == (41, 42, 43, 44)
    assert found.text == ")*+,"
    assert found.finish == "length"
    assert found.logprobs.tolist() == [-0.5] * 4
    assert found.margins.tolist() == [1.0] * 4
    assert (found.batch.row, found.batch.rows, found.batch.policy) == (0, 1, "strict")


def test_a_sampled_answer_has_no_margins() -> None:
    [found] = collect(Counting(), [asked(0, temperature="1")])
    assert isinstance(found, Generation)
    assert found.margins.shape == (0,)
    assert len(found.logprobs) == 4


def test_the_stop_id_is_kept_and_ends_the_answer() -> None:
    [found] = collect(Counting(), [asked(0, stop_ids=(42,))])
    assert isinstance(found, Generation)
    assert (found.output_ids, found.finish) == ((41, 42), "stop")


def test_a_stop_text_ends_the_answer_and_takes_it_out_of_flight() -> None:
    core = Counting()
    [found, other] = collect(core, [asked(0, stop=("*+",)), asked(1)])
    assert isinstance(found, Generation) and isinstance(other, Generation)
    assert (found.output_ids, found.text, found.finish) == ((41, 42, 43), ")", "stop")
    assert core.aborted == [0]
    assert len(other.output_ids) == 4


def test_companions_are_in_flight_at_every_step_and_answer_nobody() -> None:
    core = Counting(context=6)
    found = collect(core, [asked(number, max_tokens=3) for number in range(7)], companions=3)
    assert len(found) == 7
    assert min(core.steps) > 3
    assert core.most == 6
    assert not core.flying


def test_the_composition_is_named_by_requests_order_width_and_company() -> None:
    def name(requests: Sequence[Request], **how: object) -> str:
        [answer, *_] = collect(Counting(), requests, **how)
        assert isinstance(answer, Generation)
        return answer.batch.id

    one, two = asked(0), asked(1)
    assert name([one, two]) == name([one, two])
    others = [
        name([two, one]),
        name([one]),
        name([one, two], width=2),
        name([one, two], companions=3),
        name([one, two], policy="fast"),
    ]
    assert len({name([one, two]), *others}) == 6


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("setting_refused", {"temperature": "3"}),
        ("too_long", {"max_tokens": 100}),
        ("unknown_token", {"prompt": (5, 128)}),
    ],
)
def test_what_would_stop_the_engine_fails_alone(reason: str, changes: dict[str, object]) -> None:
    prompt = changes.pop("prompt", None)
    bad = asked(1, **changes)
    if prompt:
        bad = Request(bad.request, prompt, bad.settings, "0")  # type: ignore[arg-type]
    found = collect(Counting(), [asked(0), bad, asked(2)])
    failed = [answer for answer in found if isinstance(answer, Failure)]
    assert [(answer.request, answer.reason) for answer in failed] == [(bad.request, reason)]
    assert len(found) == 3


def test_a_step_that_fails_is_asked_again_one_by_one() -> None:
    bad = asked(1)

    def breaks(flying: Sequence[Request]) -> None:
        if bad in flying:
            raise MemoryError("prompt 40 41 does not fit")

    for companions in (0, 3):
        core = Counting(breaks)
        found = collect(core, [asked(0), bad, asked(2), asked(3)], companions=companions)
        failed = [answer for answer in found if isinstance(answer, Failure)]
        assert [answer.request for answer in failed] == [bad.request]
        assert failed[0].message == "the memory is not enough for this request alone"
        assert len(found) == 4
        assert not core.flying


def test_logits_that_are_no_numbers_are_a_failure() -> None:
    [found] = collect(Counting(logprob=float("nan")), [asked(0)])
    assert isinstance(found, Failure)
    assert found.reason == "not_finite"


def test_an_answer_that_the_engine_gave_up_is_a_failure() -> None:
    class GivingUp(Counting):
        def step(self) -> list[Piece]:
            [row] = self.flying
            del self.flying[row]
            return [Piece(row, [], np.empty((0, 3), np.float32), "abort")]

    [found] = collect(GivingUp(), [asked(0)])
    assert isinstance(found, Failure)
    assert (found.reason, found.message) == ("given_up", "vLLM gave it up, with the word 'abort'")

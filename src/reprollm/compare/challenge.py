"""A challenge: some answers of a published ledger, drawn so that nobody chose them, asked again.

Whoever made the ledger fixed its last root; whoever reviews it then names a text of their own, the
nonce. The two and each request's id give the request its rank,

    digest("reprollm/challenge/v1", root, nonce in UTF-8, request id in ASCII)

and the k smallest ranks are drawn: uniformly, without replacement, and anyone can do it again. The
author could not know the nonce when the root was fixed, the reviewer cannot know the ranks before
the root is. Only those requests are asked, with the weights that the plan names, and their result
ids are compared with those that the log committed to.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reprollm.canon import digest
from reprollm.compare.bound import Statement, state
from reprollm.compare.causes import Cause, causes
from reprollm.compare.levels import Tokens
from reprollm.compare.precision import coarsest
from reprollm.compare.runs import facts_of, tokens_of
from reprollm.compare.verdict import Outcome, Verdict, judge, with_texts
from reprollm.engines.protocol import Engine, Failure, Generation
from reprollm.environment import code_digest, collect
from reprollm.errors import InvalidInput, LeafMismatch
from reprollm.experiment.engine import EngineSettings
from reprollm.ledger.asked import AskedRequest, answered_requests, asked_requests
from reprollm.ledger.read import UNATTESTED, Answer, Run, final_answers, plan_of, run_of_model
from reprollm.ledger.verify import verify
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.records.arrays import ids_from_bytes
from reprollm.records.identity import request_id, result_id

Advance = Callable[[int, int], object]


@dataclass(frozen=True)
class Challenge:
    """What is to be asked again.

    Attributes:
        ledger: the ledger's folder.
        origin: the log's name.
        size: number of records in it.
        root: RFC 6962 root over them, hex.
        nonce: the reviewer's own text.
        run: the run that counts.
        core: what its plan was made from.
        of: distinct requests with an answer, from which was drawn.
        drawn: those that were, in the order of their ranks.
    """

    ledger: Path
    origin: str
    size: int
    root: str
    nonce: str
    run: Run
    core: dict[str, Any]
    of: int
    drawn: tuple[AskedRequest, ...]

    @property
    def engine(self) -> EngineSettings:
        """The engine that the plan demands."""
        return EngineSettings.from_json(self.core["engine"])

    def withheld(self) -> list[AskedRequest]:
        """Return the drawn requests whose prompt is withheld: they cannot be asked."""
        return [asked for asked in self.drawn if asked.prompt_ids is None]

    def opened(self, disclosed: Mapping[int, bytes]) -> Challenge:
        """Return the challenge with prompts that were disclosed later.

        Args:
            disclosed: bytes of `prompt_ids` by position of the request record, checked against its
                commitment.
        """
        drawn = tuple(
            replace(asked, prompt_ids=asked.prompt_ids or disclosed.get(asked.position))
            for asked in self.drawn
        )
        return replace(self, drawn=drawn)


@dataclass(frozen=True)
class Reply:
    """What became of one drawn request.

    Attributes:
        published: the result id that the log committed to, hex.
        found: the one that came out now; None where nothing did.
        text: the published text; None where it is withheld, and was not compared.
    """

    asked: AskedRequest
    published: str
    found: str | None
    verdict: Verdict
    text: str | None = None


@dataclass(frozen=True)
class Challenged:
    """The outcome of a challenge."""

    challenge: Challenge
    replies: tuple[Reply, ...]
    statement: Statement
    causes: tuple[Cause, ...]

    @property
    def counts(self) -> Counter[Outcome]:
        """How many drawn requests have which outcome."""
        return Counter(reply.verdict.outcome for reply in self.replies)

    @property
    def reproduced(self) -> bool:
        """Whether every drawn request gave the identical answer."""
        return not self.statement.mismatches


def draw(root: bytes, nonce: str, requests: Iterable[str], count: int) -> list[str]:
    """Return the `count` requests of lowest rank, or all, in the order of their ranks.

    Args:
        root: the log's last root, 32 bytes.
        nonce: the reviewer's own text, chosen after the root was fixed.
        requests: request ids, hex; each counts once.
        count: how many to draw.

    Raises:
        InvalidInput: the nonce is empty, or nothing is to be drawn.
    """
    text = _nonce_bytes(nonce)
    if count < 1:
        raise InvalidInput(f"expected to draw at least one request, found {count}")
    ranks = {
        digest("reprollm/challenge/v1", root, text, request.encode("ascii")): request
        for request in set(requests)
    }
    return [ranks[rank] for rank in sorted(ranks)[:count]]


def _nonce_bytes(nonce: str) -> bytes:
    if not nonce.strip():
        raise InvalidInput(
            "expected a nonce of your own, chosen after the author fixed the root, found none; "
            "any text does that the author could not foresee, for example today's lottery numbers"
        )
    try:
        return nonce.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInput(f"expected a nonce of Unicode text, found {nonce!r:.80}") from None


def challenge(
    ledger: Path,
    nonce: str,
    count: int,
    on_records: Callable[[int], None] = lambda records: None,
    model: str | None = None,
) -> Challenge:
    """Draw from the run that a ledger stands for, of several models from that of `model`.

    The ledger is verified before.

    Raises:
        VerificationFailed: the ledger is not what it claims to be.
        InvalidInput: it holds no run of its own, or the nonce is empty.
    """
    _nonce_bytes(nonce)
    report = verify(ledger, allow_incomplete=True, on_records=on_records)
    report.require()
    run = run_of_model(ledger, model)
    if run.attestation == UNATTESTED:
        raise InvalidInput(
            f"expected a run that was recorded in {ledger}, found imports alone: they are "
            "unattested, and do not say which weights answered, so nothing can be asked again"
        )
    answered = answered_requests(ledger, run.run)
    drawn = draw(bytes.fromhex(report.root), nonce, answered, count)
    if not drawn:
        raise InvalidInput(f"expected answers in run {run.run[:16]} of {ledger}, found none")
    return Challenge(
        ledger=ledger,
        origin=report.origin,
        size=report.size,
        root=report.root,
        nonce=nonce,
        run=run,
        core=plan_of(ledger, run).core,
        of=len(answered),
        drawn=tuple(asked_requests(ledger, run.plan, drawn)),
    )


def ask(
    made: Challenge, engine: Engine, advance: Advance = lambda requests, tokens: None
) -> Challenged:
    """Ask the drawn requests and compare their answers with the published ones.

    Args:
        made: the challenge, its prompts opened.
        engine: the loaded model, checked against the plan's snapshot.
        advance: told of each finished batch: answers, tokens.

    Raises:
        InvalidInput: a prompt is withheld.
        LeafMismatch: a prompt is not the one of its request id.
    """
    answers: dict[str, Generation | Failure] = {}
    for batch in engine.generate([_request(made, asked) for asked in made.drawn]):
        answers |= {answer.request: answer for answer in batch}
        tokens = sum(len(a.output_ids) for a in batch if isinstance(a, Generation))
        advance(len(batch), tokens)
    ids = [asked.request for asked in made.drawn]
    published = {answer.request: answer for answer in final_answers(made.ledger, made.run.run, ids)}
    published_facts, here = facts_of(made.ledger, made.run), _here(made, engine)
    dtype = coarsest(made.engine.dtype, here["engine"])
    replies = tuple(
        _reply(asked, published[asked.request], answers[asked.request], dtype)
        for asked in made.drawn
    )
    mismatches = sum(reply.verdict.outcome is not Outcome.IDENTICAL for reply in replies)
    around = tuple(causes(published_facts, here))
    return Challenged(made, replies, state(made.of, len(replies), mismatches), around)


def _request(made: Challenge, asked: AskedRequest) -> Request:
    """Return what the engine is asked, checked against the request's id."""
    if asked.prompt_ids is None:
        raise InvalidInput(
            f"expected the prompt of request {asked.request[:16]} to be opened, found it withheld"
        )
    settings = Settings.from_json(asked.settings)
    prompt_ids = ids_from_bytes(asked.prompt_ids)
    expected = request_id(
        snapshot=made.core["snapshot"],
        tokenizer=made.core["tokenizer"],
        settings=settings.to_json(),
        seed=asked.seed,
        repetition=asked.repetition,
        engine=made.engine.family,
        dtype=made.engine.numerics,
        prompt_ids=prompt_ids,
    )
    if expected != asked.request:
        raise LeafMismatch(
            f"expected request {asked.request[:16]} to be of the plan's snapshot, engine and "
            f"settings, found it of others (record {asked.position})"
        )
    return Request(asked.request, tuple(prompt_ids), settings, asked.seed)


def _reply(
    asked: AskedRequest, published: Answer, answer: Generation | Failure, dtype: str
) -> Reply:
    result = published.result or ""
    if isinstance(answer, Failure):
        return Reply(asked, result, None, Verdict(Outcome.FAILED))
    found = result_id(asked.request, answer.output_ids, answer.finish)
    tokens = Tokens(answer.output_ids, answer.logprobs.tolist(), answer.margins.tolist())
    verdict = judge(found == result, dtype, tokens_of(published), tokens)
    return Reply(
        asked, result, found, with_texts(verdict, published.output, answer.text), published.output
    )


def _here(made: Challenge, engine: Engine) -> dict[str, Any]:
    return {
        "plan": made.core,
        "engine": engine.describe(),
        "environment": collect(),
        "hosts": [platform.node()],
        "code": [code_digest("generate")],
    }

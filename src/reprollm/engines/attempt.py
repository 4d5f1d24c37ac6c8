"""One attempt at one slice: ask what is not answered yet, and record whatever happens.

The order is what makes every ending visible. The journal is begun with the start record, the start
is published, and only then is the first token generated; every finished batch is in the journal, on
the disk, before the next begins; at the end one shard holds all answers and an `end` record, and
only then is the journal removed. A kill at any point leaves a journal, which the next attempt
publishes as what it is.
"""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from reprollm.canon import Json
from reprollm.engines.canary import asked_again, withdrawn
from reprollm.engines.canary import finding as canary_finding
from reprollm.engines.conditions import check_conditions
from reprollm.engines.declared import declared
from reprollm.engines.engine_class import engine_class
from reprollm.engines.evidence import AttemptNames, answer_record, end_record
from reprollm.engines.exposure import exposure_records
from reprollm.engines.hold import held
from reprollm.engines.interruption import Interruption
from reprollm.engines.measured import FINDING, compare, sample
from reprollm.engines.protocol import Failure, Generation
from reprollm.engines.published import published
from reprollm.engines.reuse import Earlier, reusable
from reprollm.engines.salvage import salvage
from reprollm.engines.slices import Opened, Outcome, Slice
from reprollm.environment import collect, environment_id, job_facts
from reprollm.errors import Interrupted, SnapshotChanged, StorageFailed
from reprollm.prompts.requests import Request
from reprollm.records.journal import Journal, JournalName
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.records.time import utc_now

Advance: TypeAlias = Callable[[int, int], object]
"""Told how many requests were answered since the last call, and with how many tokens."""


def answer_slice(
    work: Slice, open_engine: Callable[[], Opened], advance: Advance = lambda requests, tokens: None
) -> Outcome:
    """Answer the requests of a slice that no shard of its run answers, and publish the answers.

    Args:
        work: the slice.
        open_engine: checks and loads the model; called only if there is something to ask.
        advance: told of each finished batch, and first of what was answered before.

    Raises:
        Busy: another process on this host answers the same slice.
        Interrupted: the process was told to stop; what was finished is published.
        StorageFailed: the file system refused; finished batches are published or in the journal.
        EngineUnavailable, SnapshotChanged, SnapshotNotFound: before anything was recorded.
        EgressDenied: likewise, and before any connection was made.
    """
    attempt = secrets.token_hex(16)
    with held(work.journals, work.run, work.first, work.last), Interruption() as interruption:
        closed = salvage(work.ledger, work.journals, work.run, work.first, work.last, attempt)
        asked = work.requests()
        before = published(work.ledger, work.run, work.first, work.last)
        missing = [request for id, request in asked.items() if id not in before.requests]
        done = len(asked) - len(missing)
        advance(done, 0)
        if not missing:
            return Outcome(None, before.shards, done, done, salvaged=len(closed))
        work.refuse_denied()
        with interruption.harmless():
            opened = open_engine()
        try:
            doing = _Attempt(work, attempt, opened, interruption, advance)
            doing.run(missing)
        finally:
            opened.engine.close()
    return Outcome(
        attempt,
        tuple(sorted((*before.shards, *doing.shards))),
        len(asked),
        done + doing.given,
        doing.failures,
        len(closed),
        doing.variance,
        doing.reused,
    )


class _Attempt:
    """The state of one attempt while it goes on."""

    def __init__(
        self,
        work: Slice,
        attempt: str,
        opened: Opened,
        interruption: Interruption,
        advance: Advance,
    ) -> None:
        self.answers: dict[str, Generation] = {}
        self.failures = 0
        self.reused = 0
        self.shards: list[ShardReference] = []
        self.variance: dict[str, Json] | None = None
        self._work = work
        self._names = AttemptNames(attempt, work.run, work.plan.plan)
        self._opened = opened
        self._interruption = interruption
        self._advance = advance
        self._description = opened.engine.describe()
        self._records: list[Sealed] = []

    @property
    def given(self) -> int:
        """How many requests have an answer by this attempt, asked or taken over."""
        return len(self.answers) + self.reused

    def run(self, missing: Sequence[Request]) -> None:
        """Begin, ask, end; whatever happens in between, publish what was finished."""
        work = self._work
        check_conditions(self._opened.engine, self._description, work.ledger, work.run, missing)
        name = JournalName(work.run[:16], work.first, work.last, self._names.attempt)
        found = self._reusable(missing)
        asked = [request for request in missing if request.request not in found]
        journal = Journal(work.journals, name)
        try:
            self._begin(journal, len(missing), asked)
            try:
                self._take_over(found, journal)
                self._ask(asked, journal)
            except Interrupted:
                self._end(journal, "interrupted")
                raise Interrupted(
                    f"told to stop after {self.given} of {len(missing)} requests, whose "
                    "answers are published; start again to go on"
                ) from None
            except StorageFailed as error:
                self._end(journal, "failed")
                raise StorageFailed(
                    f"{error}; the {self.given} answers given so far are published"
                ) from error
            except BaseException:
                self._end(journal, "failed")
                raise
            self._end(journal, "complete")
        finally:
            journal.close()

    def _begin(self, journal: Journal, requests: int, asked: Sequence[Request]) -> None:
        """Put environment, start and what leaves into journal and ledger, before all else."""
        facts = collect()
        environment = environment_id(facts)
        work = self._work
        engine = {
            **self._description,
            "class": engine_class(self._description),
            "declared": declared(
                self._opened.measurements,
                work.plan.core["snapshot"],
                work.plan.engine,
                self._description,
                facts,
            ),
        }
        start = new(
            "start",
            **self._names.to_json(),
            first=work.first,
            last=work.last,
            requests=requests,
            environment=environment,
            snapshot=work.plan.core["snapshot"],
            snapshot_check=self._opened.check,
            checkpoint={"size": work.checkpoint.size, "root": work.checkpoint.root.hex()},
            engine=engine,
            code=work.code,
            host=platform.node(),
            pid=os.getpid(),
            job=job_facts(),
            started=utc_now(),
        )
        head = [Sealed(new("environment", environment=environment, facts=facts)), Sealed(start)]
        sent = {request.request for request in asked}
        head += exposure_records(
            self._names, self._opened.engine, work.plan, work.first, work.last, sent, utc_now()
        )
        journal.append(head)
        self.shards.append(publish(work.ledger, work.group, head))

    def _reusable(self, missing: Sequence[Request]) -> dict[str, Earlier]:
        """Return what earlier runs answered, where it may be taken over; nothing of it is sent."""
        work = self._work
        if not work.reuse:
            return {}
        wanted = {request.request for request in missing}
        return reusable(work.ledger, work.run, wanted, engine_class(self._description))

    def _take_over(self, found: Mapping[str, Earlier], journal: Journal) -> None:
        """Put the answers that are taken over into the journal."""
        sealed = [earlier.taken_over(self._names, utc_now()) for earlier in found.values()]
        if sealed:
            self._records += sealed
            self.reused = len(sealed)
            journal.append(sealed)
            self._advance(len(sealed), 0)

    def _ask(self, missing: Sequence[Request], journal: Journal) -> None:
        batches = self._opened.engine.generate(missing)
        while True:
            with self._interruption.harmless():
                batch = next(batches, None)
            if batch is None:
                break
            self._keep(batch, journal)
        if self._work.plan.engine.batch_policy == "fast" and self._work.remeasure:
            with self._interruption.harmless():
                self._measure(missing)

    def _keep(self, batch: Sequence[Generation | Failure], journal: Journal) -> None:
        """Put one finished batch into the journal."""
        now = utc_now()
        sealed = [answer_record(self._names, answer, now) for answer in batch]
        # Kept before the journal takes them: where the journal's disk is full, the ledger's may
        # still have room for them.
        self._records += sealed
        given = {answer.request: answer for answer in batch if isinstance(answer, Generation)}
        self.answers |= given
        self.failures += len(batch) - len(given)
        journal.append(sealed)
        self._advance(len(batch), sum(len(answer.output_ids) for answer in given.values()))

    def _measure(self, missing: Sequence[Request]) -> None:
        """Ask some requests again under the strict policy, and find how many answers differ."""
        again = [request for request in missing if request.request in self.answers]
        chosen = sample(again, self._work.remeasure)
        batches = self._opened.engine.generate(chosen, policy="strict")
        strict = [answer for batch in batches for answer in batch]
        self.variance = compare(self.answers, strict)
        finding = new(
            "finding",
            run=self._work.run,
            plan=self._work.plan.plan,
            finding=FINDING,
            subject=self._names.attempt,
            evidence={"policy": "fast", "against": "strict", **self.variance},
            created=utc_now(),
        )
        self._records.append(Sealed(finding))

    def _end(self, journal: Journal, how: str) -> None:
        """Publish the answers and how the attempt ended, then remove the journal.

        Raises:
            SnapshotChanged: the canary changed; no answer was published as one.
        """
        names = self._names
        changed = self._changed()
        how = "failed" if changed else how
        end = end_record(names, how, self.given, self.failures, names.attempt, utc_now())
        try:
            shard = publish(self._work.ledger, self._work.group, [*self._records, end])
        except StorageFailed as error:
            raise StorageFailed(
                f"{error}; the answers given so far are kept in {journal.path}"
            ) from error
        self.shards.append(shard)
        journal.remove()
        if changed:
            raise SnapshotChanged(
                "expected the same weights from the first request to the last, found that the "
                "server's canary gives another answer than at the start; none of this attempt's "
                "answers is kept, so keep one model loaded and start again"
            )

    def _changed(self) -> bool:
        """Ask the canary again, and withdraw this attempt's answers where it changed."""
        first = self._description.get("canary")
        if not isinstance(first, dict) or not self.answers:
            return False
        with self._interruption.harmless():
            evidence = asked_again(self._opened.engine, first)
        now = utc_now()
        self._records.append(canary_finding(self._names, evidence, now))
        if evidence["same"] is not False:
            return False
        self._records = withdrawn(self._records, self._names, now)
        self.failures += len(self.answers)
        self.answers = {}
        return True

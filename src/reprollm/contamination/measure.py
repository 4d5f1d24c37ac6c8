"""One job of measuring: ask the model for what no shard holds yet, and record whatever comes.

The order is that of answering a plan. The journal is begun with a measurement record, which is
published before the first text is measured; every finished batch is in the journal, on the disk,
before the next begins; at the end one shard holds what was measured, and only then is the journal
removed. What was measured is not measured again.

Sealed texts are given to engines in this process alone: anything that sends them elsewhere would
end the secrecy on which their tests rest.
"""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprollm.contamination.continuing import Asked, asked_of
from reprollm.contamination.evidence import Names, continuation_record, likelihood_record
from reprollm.contamination.examination import Examination
from reprollm.contamination.journal import done, group_of, salvage
from reprollm.contamination.material import LIKELIHOOD_FAMILIES
from reprollm.contamination.tokens import Tokens, Window, windows
from reprollm.engines.attempt import Advance
from reprollm.engines.engine_class import engine_class
from reprollm.engines.hold import held
from reprollm.engines.interruption import Interruption
from reprollm.engines.likelihood import Likelihood, measuring
from reprollm.engines.protocol import Engine, Generation
from reprollm.engines.slices import Opened
from reprollm.environment import collect, environment_id, job_facts
from reprollm.errors import EngineUnavailable, Interrupted, StorageFailed
from reprollm.records.journal import Journal, JournalName
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.records.time import utc_now


@dataclass(frozen=True)
class Work:
    """What one job has to measure.

    Attributes:
        ledger: the ledger folder.
        examination: what is measured, with the words of its texts; it is in the log.
        tokens: the examination's texts in tokens, in index order.
        first: the first text.
        last: the text after the last one.
        code: digest of the code that measures, hex.
        journals: the folder for unfinished records.
    """

    ledger: Path
    examination: Examination
    tokens: Sequence[Tokens]
    first: int
    last: int
    code: str
    journals: Path

    @property
    def group(self) -> str:
        """The group of this job's shards."""
        return group_of(self.examination.examination, self.first, self.last)

    @property
    def gives_likelihoods(self) -> bool:
        """Whether the engine that is declared can say how likely a given text is."""
        return self.family in LIKELIHOOD_FAMILIES

    @property
    def family(self) -> str:
        """The engine's family."""
        engine = self.examination.core["engine"]
        return str(engine["family"]) if isinstance(engine, dict) else ""


@dataclass(frozen=True)
class Outcome:
    """What is now known of a job.

    Attributes:
        attempt: this attempt's id, or None where nothing was left to measure.
        shards: all shards that concern its texts, sorted.
        texts: how many texts it has.
        measured: how many of them have a likelihood.
        continued: how many items were continued.
        failures: how many items this attempt could not continue.
        salvaged: how many killed attempts were closed.
    """

    attempt: str | None
    shards: tuple[ShardReference, ...]
    texts: int
    measured: int
    continued: int
    failures: int = 0
    salvaged: int = 0


def measure(work: Work, open_engine: Callable[[], Opened], advance: Advance) -> Outcome:
    """Measure what no shard of the examination holds yet, and publish it.

    Args:
        work: the job.
        open_engine: checks and loads the model; called only if there is something to measure.
        advance: told how many texts and items were done since the last call, and their tokens.

    Raises:
        Busy: another process on this host measures the same texts.
        Interrupted: the process was told to stop; what was finished is published.
        StorageFailed: the file system refused; finished batches are published or in the journal.
        EngineUnavailable: the engine is not there, or would send sealed texts elsewhere.
    """
    name, first, last = work.examination.examination, work.first, work.last
    attempt = secrets.token_hex(16)
    with held(work.journals, name, first, last), Interruption() as interruption:
        closed = salvage(work.ledger, work.journals, name, first, last)
        before = done(work.ledger, name, first, last)
        wanted = [
            index
            for index in range(first, last)
            if work.gives_likelihoods and index not in before.measured
        ]
        asked = [each for each in _asked(work) if each.index not in before.continued]
        here = [index for index in before.measured if first <= index < last]
        advance(len(here), 0)
        failures = 0
        shards = before.shards
        if wanted or asked:
            with interruption.harmless():
                opened = open_engine()
            try:
                refuse_leaks(opened.engine, work)
                doing = _Attempt(work, attempt, opened, interruption, advance)
                doing.run(wanted, asked)
            finally:
                opened.engine.close()
            failures = doing.failures
            shards = tuple(sorted((*shards, *doing.shards)))
    now = done(work.ledger, name, first, last)
    return Outcome(
        attempt if wanted or asked else None,
        shards,
        last - first,
        sum(first <= index < last for index in now.measured),
        sum(first <= index < last for index in now.continued),
        failures,
        closed,
    )


def _asked(work: Work) -> list[Asked]:
    """Return the items of this job that are to be continued."""
    checks = work.examination.core["checks"]
    settings = checks.get("extraction") if isinstance(checks, dict) else None
    if not isinstance(settings, dict) or work.family == "server":
        return []
    return asked_of(work.examination, work.tokens, work.first, work.last, settings)


def refuse_leaks(engine: Engine, work: Work) -> None:
    """Refuse to give sealed texts to an engine that sends them away from this machine."""
    exposed = engine.exposure()
    sealed = sum(text.sealed is not None for text in work.examination.texts)
    if exposed is not None and sealed:
        raise EngineUnavailable(
            f"expected an engine in this process for {sealed} sealed texts, found one that sends "
            f"them to {exposed.get('address')!a:.120}; sealed texts never leave this machine"
        )


@dataclass(eq=False)
class _Reading:
    """A text whose windows are not all read yet."""

    windows: list[Window]
    read: dict[int, Likelihood] = field(default_factory=dict)


class _Attempt:
    """The state of one attempt while it goes on."""

    def __init__(
        self,
        work: Work,
        attempt: str,
        opened: Opened,
        interruption: Interruption,
        advance: Advance,
    ) -> None:
        self.failures = 0
        self.shards: list[ShardReference] = []
        self._work, self._opened = work, opened
        self._names = Names(attempt, work.examination)
        self._interruption, self._advance = interruption, advance
        self._records: list[Sealed] = []

    def run(self, wanted: Sequence[int], asked: Sequence[Asked]) -> None:
        """Measure and publish, however it ends."""
        work = self._work
        name = JournalName(
            work.examination.examination[:16], work.first, work.last, self._names.attempt
        )
        journal = Journal(work.journals, name)
        try:
            head = self._head()
            journal.append(head)
            self.shards.append(publish(work.ledger, work.group, head))
            try:
                self._measure(wanted, journal)
                self._continue(asked, journal)
            finally:
                self._publish(journal)
        except Interrupted:
            raise Interrupted(
                f"told to stop after {len(self._records)} of {len(wanted) + len(asked)} texts, "
                "which are published; start again to go on"
            ) from None
        finally:
            journal.close()

    def _head(self) -> list[Sealed]:
        work, opened, facts = self._work, self._opened, collect()
        environment = environment_id(facts)
        description = opened.engine.describe()
        measurement = new(
            "measurement",
            **self._names.to_json(),
            first=work.first,
            last=work.last,
            environment=environment,
            snapshot=work.examination.snapshot,
            snapshot_check=opened.check,
            engine={**description, "class": engine_class(description)},
            code=work.code,
            host=platform.node(),
            pid=os.getpid(),
            job=job_facts(),
            started=utc_now(),
        )
        return [
            Sealed(new("environment", environment=environment, facts=facts)),
            Sealed(measurement),
        ]

    def _measure(self, wanted: Sequence[int], journal: Journal) -> None:
        """Read the wanted texts, window by window; a text is kept when it was read whole."""
        work = self._work
        reading = {
            index: _Reading(windows(work.tokens[index], work.examination.window))
            for index in wanted
        }
        empty = [index for index in wanted if not reading[index].windows]
        self._keep([self._likelihood(index, reading[index]) for index in empty], journal)
        places = [(index, part) for index in wanted for part in range(len(reading[index].windows))]
        if not places:
            return
        asked = [reading[index].windows[part].ids for index, part in places]
        batches = measuring(self._opened.engine).likelihoods(asked)
        while True:
            with self._interruption.harmless():
                batch = next(batches, None)
            if batch is None:
                return
            whole = []
            for likelihood in batch:
                index, part = places[likelihood.index]
                reading[index].read[part] = likelihood
                if len(reading[index].read) == len(reading[index].windows):
                    whole.append(self._likelihood(index, reading.pop(index)))
            self._keep(whole, journal)

    def _likelihood(self, index: int, reading: _Reading) -> Sealed:
        read = [(reading.read[part], window.counted) for part, window in enumerate(reading.windows)]
        return likelihood_record(self._names, index, self._work.tokens[index], read, utc_now())

    def _continue(self, asked: Sequence[Asked], journal: Journal) -> None:
        """Let the model go on from the beginning of each item; equal beginnings share an answer."""
        waiting: dict[str, list[Asked]] = {}
        for each in asked:
            waiting.setdefault(each.request.request, []).append(each)
        batches = self._opened.engine.generate([each[0].request for each in waiting.values()])
        while waiting:
            with self._interruption.harmless():
                batch = next(batches, None)
            if batch is None:
                return
            kept = []
            for answer in batch:
                items = waiting.pop(answer.request)
                if not isinstance(answer, Generation):
                    self.failures += len(items)
                    continue
                kept += [
                    continuation_record(
                        self._names, each.index, each.prefix, each.expected, answer, utc_now()
                    )
                    for each in items
                ]
            self._keep(kept, journal)

    def _keep(self, sealed: Sequence[Sealed], journal: Journal) -> None:
        if not sealed:
            return
        # Kept before the journal takes them: where its disk is full, the ledger's may have room.
        self._records += sealed
        journal.append(sealed)
        self._advance(len(sealed), sum(each.record.get("tokens", 0) for each in sealed))

    def _publish(self, journal: Journal) -> None:
        """Publish what was measured, then remove the journal.

        Raises:
            StorageFailed: the file system refused; the journal keeps what was measured.
        """
        try:
            if self._records:
                self.shards.append(publish(self._work.ledger, self._work.group, self._records))
        except StorageFailed as error:
            raise StorageFailed(
                f"{error}; what was measured so far is kept in {journal.path}"
            ) from error
        journal.remove()

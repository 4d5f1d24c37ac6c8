"""From an engine's answers to records: what is stated openly and what is committed to."""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.engines.protocol import Failure, Generation
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.identity import result_id
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record


@dataclass(frozen=True)
class AttemptNames:
    """The ids that every record of one attempt carries, hex."""

    attempt: str
    run: str
    plan: str

    def to_json(self) -> dict[str, str]:
        """Return the fields as records hold them."""
        return {"attempt": self.attempt, "run": self.run, "plan": self.plan}


def answer_record(names: AttemptNames, answer: Generation | Failure, now: str) -> Sealed:
    """Return the generation or failure record of one answer, fit for canonical JSON.

    `now` is an RFC 3339 time.
    """
    if isinstance(answer, Failure):
        return Sealed(
            new(
                "failure",
                **names.to_json(),
                request=answer.request,
                reason=answer.reason,
                message=answer.message,
                failed=now,
            )
        )
    record = new(
        "generation",
        **names.to_json(),
        request=answer.request,
        result=result_id(answer.request, answer.output_ids, answer.finish),
        finish=answer.finish,
        batch=answer.batch.to_json(),
        finished=now,
    )
    values = {
        "output": answer.text.encode("utf-8"),
        "output_ids": ids_to_bytes(answer.output_ids),
        "logprobs": answer.logprobs.astype("<f4").tobytes(),
        "margins": answer.margins.astype("<f4").tobytes(),
    }
    return seal_record(record, values)


def end_record(
    names: AttemptNames, how: str, generations: int, failures: int, closed_by: str, now: str
) -> Sealed:
    """Return the record that says how an attempt ended.

    Args:
        names: the attempt that ended.
        how: one of `reprollm.records.kinds.ENDINGS`.
        generations: how many answers it published.
        failures: how many requests it could not answer.
        closed_by: the attempt that writes this record; another one after a kill.
        now: RFC 3339 time of writing.
    """
    return Sealed(
        new(
            "end",
            **names.to_json(),
            how=how,
            generations=generations,
            failures=failures,
            closed_by=closed_by,
            ended=now,
        )
    )

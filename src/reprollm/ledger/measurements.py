"""Whether examinations stand before what was measured for them, and nothing was measured otherwise.

An examination is fixed before its measurements: its id follows from its core, its plan stands
before it, and a checkpoint of the log lies between it and each measurement. A measurement names no
checkpoint, so this order is the log's own; whoever kept a checkpoint can hold it against it.

Of several likelihoods of one text the first in the log is final. Where all are there, their names
in index order give the digest that the core holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reprollm.canon import digest, dumps
from reprollm.ledger.examine import Examined
from reprollm.ledger.report import Problem
from reprollm.ledger.spool import Spool
from reprollm.records.evidence import PREFIX

_OF_PLAN = ("snapshot", "tokenizer", "engine")
Head = tuple[int, dict[str, Any]]


@dataclass
class MeasurementAudit:
    """Follows the log's examinations, measurements, exposed items and findings of checks."""

    measured: int = 0
    notices: list[str] = field(default_factory=list)
    _plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    _examinations: dict[str, Head] = field(default_factory=dict)
    _measurements: dict[str, Head] = field(default_factory=dict)
    _exposures: dict[str, int] = field(default_factory=dict)
    _exposed: dict[str, int] = field(default_factory=dict)
    _concluded: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, examined: Examined) -> None:
        """Take up what one shard says."""
        for position, record in examined.heads:
            if record["kind"] == "plan":
                self._plans.setdefault(record["plan"], record["core"])
            elif record["kind"] == "examination":
                self._examinations.setdefault(record["examination"], (position, record))
            elif record["kind"] == "measurement":
                self._measurements.setdefault(record["attempt"], (position, record))
            elif record["kind"] == "exposure":
                self._exposures.setdefault(record["attempt"], position)
        for attempt, position in examined.exposed.items():
            self._exposed.setdefault(attempt, position)
        for claim, position in examined.concluded.items():
            self._concluded.setdefault(claim, position)

    @property
    def examinations(self) -> int:
        """How many there are."""
        return len(self._examinations)

    def finish(
        self, plan_ends: Mapping[str, int], checkpoints: Iterable[int], spool: Spool
    ) -> list[Problem]:
        """Return what is wrong.

        Args:
            plan_ends: position behind the last record of each plan.
            checkpoints: sizes of the log's checkpoints.
            spool: holds the rows about measurements.
        """
        sizes = sorted(checkpoints)
        problems = [
            *self._check_examinations(plan_ends),
            *self._check_measurements(sizes),
            *self._check_others(),
        ]
        for part in range(spool.parts):
            by_examination: dict[str, list[dict[str, Any]]] = {}
            for row in spool.measured(part):
                by_examination.setdefault(row["examination"], []).append(row)
            for name, rows in by_examination.items():
                self.measured += len(rows)
                problems += self._check_rows(name, rows)
        concluded = {run for run, _ in self._concluded}
        self.notices += [
            f"examination {name[:16]} has no findings in the log"
            for name in self._examinations
            if name not in concluded
        ]
        return problems

    def _check_examinations(self, plan_ends: Mapping[str, int]) -> Iterator[Problem]:
        for name, (position, record) in self._examinations.items():
            core, plan = record["core"], record["plan"]
            if digest("reprollm/examination/v1", dumps(core)) != name:
                yield _wrong(name, "has an id that is not that of its core", "LeafMismatch")
            if (core.get("plan"), core.get("snapshot")) != (plan, record["snapshot"]):
                yield _wrong(name, "names another plan or snapshot than its core")
            if plan_ends.get(plan, position + 1) > position:
                yield _wrong(name, "has no plan record before it in the log")
            elif any(core.get(part) != self._plans[plan].get(part) for part in _OF_PLAN):
                yield _wrong(name, "is of another model or engine than its plan")

    def _check_measurements(self, sizes: Sequence[int]) -> Iterator[Problem]:
        for position, record in self._measurements.values():
            found = self._examinations.get(record["examination"])
            where = f"measurement {position} of attempt {record['attempt'][:16]}"
            if found is None or found[0] > position:
                yield _record(where, "has no examination record before it in the log")
                continue
            same = (record["plan"], record["snapshot"])
            if same != (found[1]["plan"], found[1]["snapshot"]):
                yield _record(where, "is of another plan or snapshot than its examination")
            after = bisect_right(sizes, found[0])
            if after == len(sizes) or sizes[after] > position:
                yield _record(where, "began before a checkpoint covered its examination")

    def _check_others(self) -> Iterator[Problem]:
        for attempt, position in self._exposed.items():
            if self._exposures.get(attempt, position) >= position:
                yield _record(
                    f"record {position} of attempt {attempt[:16]}",
                    "says that an item was sent, without an exposure record before it",
                )
        for (run, plan), position in self._concluded.items():
            found = self._examinations.get(run)
            where = f"finding {position} ({PREFIX}…)"
            if found is None or found[0] > position:
                yield _record(where, f"is of the examination {run[:16]}, which is not before it")
            elif found[1]["plan"] != plan:
                yield _record(where, "is of another plan than its examination")

    def _check_rows(self, name: str, rows: Sequence[dict[str, Any]]) -> Iterator[Problem]:
        """Check all likelihoods and continuations of one examination, in log order."""
        head = self._examinations.get(name)
        for row in rows:
            if wrong := row.get("wrong") or self._misplaced(row, head):
                yield _record(f"{row['kind']} {row['position']}", wrong)
        if head is None:
            return
        final: dict[tuple[str, int], dict[str, Any]] = {}
        differing = 0
        for row in rows:
            first = final.setdefault((row["kind"], row["index"]), row)
            if any(first[part] != row[part] for part in ("set", "subject", "variant")):
                yield _record(
                    f"{row['kind']} {row['position']}",
                    f"calls text {row['index']} otherwise than record {first['position']}",
                )
            known = first["values"] is not None and row["values"] is not None
            differing += known and first["values"] != row["values"]
        if differing:
            self.notices.append(
                f"examination {name[:16]}: {differing} texts were measured again with other "
                "values; the first in the log count"
            )
        yield from self._check_texts(name, head[1]["core"], final)

    def _misplaced(self, row: Mapping[str, Any], head: Head | None) -> str | None:
        """Return in words what is wrong with a record's place or its model, or None."""
        measurement = self._measurements.get(row["attempt"])
        if measurement is None or measurement[0] > row["position"]:
            return "is of an attempt that has no measurement record before it in the log"
        of = measurement[1]
        if (row["examination"], row["plan"]) != (of["examination"], of["plan"]):
            return "is of another examination or plan than its attempt"
        if not of["first"] <= row["index"] < of["last"]:
            return f"is of text {row['index']}, which its attempt does not measure"
        core = head[1]["core"] if head else {}
        if (row["snapshot"], row["tokenizer"]) != (core.get("snapshot"), core.get("tokenizer")):
            return "is of another snapshot or tokenizer than its examination"
        return None

    def _check_texts(
        self, name: str, core: Mapping[str, Any], final: Mapping[tuple[str, int], dict[str, Any]]
    ) -> Iterator[Problem]:
        texts = {index: row for (kind, index), row in final.items() if kind == "likelihood"}
        for (kind, index), row in final.items():
            own = texts.get(index)
            named = kind == "likelihood" or own is None
            if not named and own and (own["set"], own["subject"]) != ("suspect", row["subject"]):
                yield _wrong(name, f"continues text {index}, which is no item of that name")
        if not texts:
            return
        if texts.keys() != set(range(len(texts))) or len(texts) != core.get("texts"):
            self.notices.append(
                f"examination {name[:16]}: {len(texts)} of {core.get('texts')} texts are measured"
            )
            return
        lines = [
            dumps({part: texts[index][part] for part in ("set", "subject", "variant")})
            for index in range(len(texts))
        ]
        if digest("reprollm/examined-texts/v1", *lines) != core.get("texts_digest"):
            yield _wrong(name, "committed to other texts than were measured", "LeafMismatch")


def _wrong(name: str, sentence: str, defect: str = "RecordsDisagree") -> Problem:
    return Problem(defect, f"examination {name[:16]} {sentence}")


def _record(where: str, sentence: str) -> Problem:
    return Problem("RecordsDisagree", f"{where} {sentence}")

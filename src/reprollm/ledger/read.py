"""The log's answers, runs and attempts as values, for the stages that score and compare.

Everything is read from `ledger.duckdb`, which `reprollm ledger verify` compares with the log.
Answers are streamed. What was taken in from the logs of other harnesses comes in the same shapes,
marked as `unattested`: nothing of it was seen when it was computed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened
from reprollm.ledger.standing import Begun, standing
from reprollm.records.arrays import floats_from_bytes, ids_from_bytes

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FETCH = 2048
_LEAST_PREFIX = 8
RECORDED, UNATTESTED = "recorded", "unattested"


@dataclass(frozen=True)
class Answer:
    """The final answer to one request of one run; withheld texts and arrays are None.

    An imported answer has no result, attempt, environment, source or arrays.

    Attributes:
        run: run id, or the id of an import, hex.
        plan: plan id, or the id of the import again, hex.
        index: the request's place in its plan.
        request: request id, hex; of an import the stand-in that its scores use.
        item: the data file's id of the item.
        stratum: the item's stratum, if the data has any.
        sampling: name of the sampling setting.
        seed: seed as a decimal string; None where an imported log does not say it.
        repetition: 0 for the first asking.
        result: result id, hex.
        finish: `stop` or `length`; of an import whatever its log says, or None.
        prompt: the rendered prompt.
        source: the item's source text.
        reference: what the answer should be.
        output: the answer's text.
        output_ids: the answer's token ids, shape (n,).
        logprobs: the chosen tokens' log-probabilities, n little-endian float32 values.
        margins: each step's difference of the two best decision scores, likewise n values.
        attempt: the attempt that gave the answer.
        environment: id of the environment in which that attempt ran, hex.
        trust: `owned`, `attested` or `claimed`: how sure it is which weights answered; None of an
            import.
        reused_from: the attempt that gave the answer first, where it was taken over.
        attestation: `recorded` for our own runs, `unattested` for imports.
    """

    run: str
    plan: str
    index: int
    request: str
    item: str
    stratum: str | None
    sampling: str
    seed: str | None
    repetition: int
    result: str | None
    finish: str | None
    prompt: str | None
    source: str | None
    reference: str | None
    output: str | None
    output_ids: tuple[int, ...] | None
    logprobs: bytes | None
    margins: bytes | None
    attempt: str | None
    environment: str | None
    trust: str | None
    reused_from: str | None
    attestation: str

    @property
    def logprob_values(self) -> list[float] | None:
        """The log-probabilities as numbers, shape (n,)."""
        return None if self.logprobs is None else floats_from_bytes(self.logprobs)

    @property
    def margin_values(self) -> list[float] | None:
        """The margins as numbers, shape (n,)."""
        return None if self.margins is None else floats_from_bytes(self.margins)


@dataclass(frozen=True)
class Run:
    """One execution of a plan, with the number of planned and of answered requests.

    Or one import: `run` and `plan` are its id, `experiment` is the task that its log names,
    `planned` its samples, `answered` those with a text, and both times that of the import. `reused`
    is the number of answers that were taken over from earlier attempts; `trust` the weakest class
    of any attempt, None of an import.
    """

    run: str
    plan: str
    experiment: str | None
    planned: int | None
    answered: int
    attempts: int
    started: str
    ended: str | None
    reused: int
    trust: str | None
    attestation: str


@dataclass(frozen=True)
class Attempt:
    """One process's try at a range of a run's requests; `how` may be `abandoned`."""

    attempt: str
    run: str
    plan: str
    first: int
    last: int
    requests: int
    started: str
    ended: str | None
    how: str
    generations: int | None
    failures: int | None
    closed_by: str | None
    host: str
    job: dict[str, Any] | None
    environment: str
    snapshot_check: str
    engine: dict[str, Any]
    code: str
    trust: str


@dataclass(frozen=True)
class Plan:
    """A plan as the ledger holds it; `core` says what it was made from."""

    plan: str
    experiment: str
    core: dict[str, Any]
    requests: int
    requests_root: str


@dataclass(frozen=True)
class Item:
    """What an experiment says of one item besides its texts.

    Attributes:
        document: the document that it is part of; None where the data names none.
        split: the part of the data that it belongs to, such as `test`; None likewise.
        annotations: label by annotator; None where there are none, or they are withheld.
    """

    document: str | None
    split: str | None
    annotations: dict[str, str] | None


@dataclass(frozen=True)
class Import:
    """A log of another harness as it was taken in: unattested, with what it leaves unsaid.

    Attributes:
        id: the import's id, hex; `Answer.run` and `Run.run` of what came with it.
        file: name, sha256 and size of the log.
        claims: what the log says of the run as a whole.
        unsaid: sentences about what it does not say.
    """

    id: str
    tool: str
    tool_version: str | None
    format: str
    file: dict[str, Any]
    claims: dict[str, Any]
    unsaid: tuple[str, ...]
    samples: int
    created: str


@dataclass(frozen=True)
class Replicate:
    """A further complete answer to a request that its run had answered before.

    Attributes:
        equal: whether it is the same answer, by result id.
    """

    run: str
    request: str
    attempt: str
    equal: bool


@dataclass(frozen=True)
class Environment:
    """Where attempts ran: packages, processor, threads, drivers, as recorded."""

    environment: str
    facts: dict[str, Any]


def final_answers(
    ledger: Path, run: str | None = None, requests: Sequence[str] | None = None
) -> Iterator[Answer]:
    """Yield the final answers of `run`, or of all runs, ordered by run and index in the plan.

    Args:
        ledger: the ledger folder.
        run: only those of this run or import.
        requests: only those to these requests.

    Raises:
        InvalidInput: the ledger has no projection yet.
    """
    wanted = {"run = ?": run, "list_contains(?::VARCHAR[], request)": requests}
    given = {condition: value for condition, value in wanted.items() if value is not None}
    where = f"WHERE {' AND '.join(given)}" if given else ""
    query = f'SELECT {_columns(Answer)} FROM answers {where} ORDER BY run, "index"'
    for row in _rows(ledger, query, list(given.values())):
        values = dict(zip(_names(Answer), row, strict=True))
        ids = values["output_ids"]
        values["output_ids"] = None if ids is None else tuple(ids_from_bytes(ids))
        yield Answer(**values)


def runs(ledger: Path) -> list[Run]:
    """Return the ledger's own runs in the order in which they began."""
    return _runs(ledger, RECORDED)


def imports(ledger: Path) -> list[Import]:
    """Return the logs of other harnesses that were taken in, in log order, each once."""
    query = (
        'SELECT "import", tool, tool_version, format, file, claims, unsaid, samples, created '
        'FROM imports ORDER BY "position"'
    )
    found: dict[str, Import] = {}
    for id, tool, version, form, file, claims, unsaid, *rest in _rows(ledger, query, []):
        said = (json.loads(file), json.loads(claims), tuple(json.loads(unsaid)))
        found.setdefault(id, Import(id, tool, version, form, *said, *rest))
    return list(found.values())


def run_named(ledger: Path, prefix: str) -> Run:
    """Return the one run or import whose id begins with `prefix`.

    Raises:
        InvalidInput: there is none, or more than one, or `prefix` is too short.
    """
    everything = [*_runs(ledger, RECORDED), *_runs(ledger, UNATTESTED)]
    found = [run for run in everything if run.run.startswith(prefix)]
    if len(found) != 1 or len(prefix) < _LEAST_PREFIX:
        ids = ", ".join(run.run[:16] for run in everything) or "none"
        raise InvalidInput(
            f"expected at least {_LEAST_PREFIX} digits of one run or import of {ledger} ({ids}), "
            f"found {prefix!r:.80}"
        )
    return found[0]


def current_run(ledger: Path) -> Run:
    """Return the run that a ledger stands for: the last complete one, else the last begun.

    Of several models it is the first that has a complete one, in the order of their plans
    (`current_runs`). In a ledger without runs of its own it is the last import.

    Raises:
        InvalidInput: the ledger holds neither run nor import.
    """
    found = current_runs(ledger)
    complete = [run for run in found if run.answered == run.planned]
    return (complete or found)[0]


def current_runs(ledger: Path) -> list[Run]:
    """Return the runs that a ledger stands for, one for each of its experiment's models.

    They are in the order of their plans in the log (`reprollm.ledger.standing`). In a ledger
    without runs of its own it is the last import.

    Raises:
        InvalidInput: the ledger holds neither run nor import.
    """
    found = _runs(ledger, RECORDED)
    if not found:
        taken = _runs(ledger, UNATTESTED)
        if not taken:
            raise InvalidInput(f"expected a run in {ledger}, found none; run the experiment first")
        complete = [run for run in taken if run.answered == run.planned]
        return [(complete or taken)[-1]]
    cores: dict[str, dict[str, Any]] = {}
    for plan in plans(ledger):
        cores.setdefault(plan.plan, plan.core)
    begun = [Begun(run.run, run.plan, run.answered == run.planned) for run in found]
    by_id = {run.run: run for run in found}
    return [by_id[each.run.run] for each in standing(cores, begun) if each.run is not None]


def run_of_model(ledger: Path, model: str | None) -> Run:
    """Return the current run of a model, by its name in the experiment; of the only one by None.

    Raises:
        InvalidInput: the ledger stands for no run of such a model, or for several and none is
            named.
    """
    found = current_runs(ledger)
    if model is None and len(found) == 1:
        return found[0]
    cores = {plan.plan: plan.core for plan in plans(ledger)}
    named = {cores.get(run.plan, {}).get("model"): run for run in found}
    if model is not None and model in named:
        return named[model]
    known = ", ".join(name for name in named if name) or "one model without a name"
    said = "none; name it with --model" if model is None else f"{model!a:.80}"
    raise InvalidInput(f"expected one of the models of {ledger} ({known}), found {said}")


def plan_of(ledger: Path, run: Run) -> Plan:
    """Return the plan that `run` executes.

    Raises:
        InvalidInput: `run` is an import, which has none.
    """
    found = [plan for plan in plans(ledger) if plan.plan == run.plan]
    if not found:
        raise InvalidInput(
            f"expected a plan of {run.run[:16]} in {ledger}, found none: it is {run.attestation}"
        )
    return found[0]


def plans(ledger: Path) -> list[Plan]:
    """Return the ledger's plans in log order."""
    query = f'SELECT {_columns(Plan)} FROM plans ORDER BY "position"'
    found = [dict(zip(_names(Plan), row, strict=True)) for row in _rows(ledger, query, [])]
    return [Plan(**{**values, "core": json.loads(values["core"])}) for values in found]


def items(ledger: Path, plan: str) -> dict[str, Item]:
    """Return what the ledger says of each item of a plan, in plan order; nothing without records.

    The first record of an item counts.
    """
    query = """SELECT i.item, i.document, i.split, o."text" FROM items i
               LEFT JOIN opening o ON o."position" = i."position" AND o.field = 'annotations'
               WHERE i.plan = ? ORDER BY i."position" """
    found: dict[str, Item] = {}
    for item, document, split, text in _rows(ledger, query, [plan]):
        labels = None if text is None else json.loads(text)
        found.setdefault(item, Item(document, split, labels))
    return found


def replicates(ledger: Path, run: str) -> list[Replicate]:
    """Return the further answers that `run` has to requests, in log order."""
    query = f'SELECT {_columns(Replicate)} FROM replicates WHERE run = ? ORDER BY "position"'
    return [Replicate(*row) for row in _rows(ledger, query, [run])]


def attempts(ledger: Path, run: str | None = None) -> list[Attempt]:
    """Return the attempts of `run`, or of all runs, in log order."""
    where = "" if run is None else "WHERE run = ?"
    query = f'SELECT {_columns(Attempt)} FROM attempts {where} ORDER BY "position"'
    found = []
    for row in _rows(ledger, query, [] if run is None else [run]):
        values = dict(zip(_names(Attempt), row, strict=True))
        values["engine"] = json.loads(values["engine"])
        values["job"] = values["job"] and json.loads(values["job"])
        found.append(Attempt(**values))
    return found


def environments(ledger: Path) -> list[Environment]:
    """Return each environment that the ledger describes, once, in log order."""
    query = """SELECT environment, first(facts ORDER BY "position") FROM environments
               GROUP BY environment ORDER BY min("position")"""
    return [Environment(row[0], json.loads(row[1])) for row in _rows(ledger, query, [])]


def _runs(ledger: Path, attestation: str) -> list[Run]:
    query = f"SELECT {_columns(Run)} FROM runs WHERE attestation = ? ORDER BY started, run"
    return [Run(*row) for row in _rows(ledger, query, [attestation])]


def _rows(ledger: Path, query: str, arguments: Sequence[object]) -> Iterator[tuple[Any, ...]]:
    with opened(ledger) as connection:
        yield from _fetch(connection.execute(query, arguments))


def _fetch(connection: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := connection.fetchmany(_FETCH):
        yield from rows


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def _columns(kind: type[Any]) -> str:
    return ", ".join(f'"{name}"' for name in _names(kind))

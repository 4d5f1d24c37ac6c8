"""What a ledger has on record for tables: estimates and comparisons of its current runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.ledger.query import query
from reprollm.ledger.read import Plan, Run, attempts, current_runs, plans
from reprollm.ledger.segments import read_checkpoints
from reprollm.tables.cells import cells_of
from reprollm.tables.measured import Arm, Book, ModelFacts, Number, Pair, Place, Side

_FOLDER = Path("ledger")


def found(name: str) -> Path:
    """Return the ledger folder that is named: a path, or the name of one below `ledger/`.

    Raises:
        InvalidInput: there is no such folder.
    """
    for path in (Path(name), _FOLDER / name):
        if path.is_dir():
            return path
    raise InvalidInput(
        f"expected a ledger folder, or the name of one below {_FOLDER}/, found {name!r:.120}"
    )


def read(ledgers: Sequence[Path]) -> list[Book]:
    """Return what the ledgers have on record.

    Raises:
        InvalidInput: a ledger was not committed, or has no run.
    """
    return [_book(number, path) for number, path in enumerate(ledgers)]


def _book(number: int, ledger: Path) -> Book:
    runs = current_runs(ledger)
    by_id = {plan.plan: plan for plan in plans(ledger)}
    records = _Records(ledger, number)
    checkpoint = read_checkpoints(ledger)[-1]
    first = by_id.get(runs[0].plan)
    numbers = tuple(records.numbers([run.run for run in runs]))
    snapshots = records.snapshots()
    arms: list[Arm] = []
    models: list[ModelFacts] = []
    for run in runs:
        plan = by_id.get(run.plan)
        facts = _model(ledger, run, plan, snapshots)
        models.append(facts)
        cells = dict.fromkeys(each.cell for each in numbers if each.run == run.run)
        arms += [_arm(number, run, plan, cell, facts.name) for cell in _in_order(cells, plan)]
    return Book(
        name=str(runs[0].experiment or ledger.name),
        title=str((first and first.core.get("title")) or runs[0].experiment or ledger.name),
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        models=tuple(models),
        arms=tuple(arms),
        numbers=numbers,
        pairs=tuple(records.pairs([run.run for run in runs])),
    )


def _in_order(cells: Iterable[str], plan: Plan | None) -> list[str]:
    """Return cells in the order of the plan; those that it does not name come last."""
    place = {name: number for number, name in enumerate(cells_of(plan.core) if plan else ())}
    return sorted(cells, key=lambda cell: place.get(cell, len(place)))


def _parts(cell: str) -> tuple[str | None, str]:
    prompt, _, sampling = cell.rpartition("/")
    return prompt or None, sampling


def _arm(ledger: int, run: Run, plan: Plan | None, cell: str, model: str) -> Arm:
    prompt, sampling = _parts(cell)
    return Arm(ledger, run.run, cell, model, prompt, sampling, _settings(plan, sampling))


def _settings(plan: Plan | None, name: str) -> str:
    """Return a sampling setting as words that are the same in every language."""
    for each in plan.core.get("sampling", ()) if plan else ():
        if each["name"] == name:
            said = each["settings"]
            parts = [f"T={said.get('temperature')}"]
            parts += [f"top-k={said['top_k']}"] if said.get("top_k") else []
            parts += [f"top-p={said['top_p']}"] if said.get("top_p") not in (None, "1") else []
            return ", ".join(parts) + f", seeds {' '.join(map(str, each.get('seeds', ())))}"
    return ""


def _model(
    ledger: Path, run: Run, plan: Plan | None, snapshots: dict[str, dict[str, Any]]
) -> ModelFacts:
    core = plan.core if plan else {}
    snapshot = core.get("snapshot")
    record = snapshots.get(str(snapshot), {})
    engines = [each.engine for each in attempts(ledger, run.run)]
    said: dict[str, Any] = {**core.get("engine", {}), **(engines[-1] if engines else {})}
    name = core.get("model") or record.get("name") or run.experiment or run.run[:12]
    return ModelFacts(
        name=str(name),
        snapshot=snapshot,
        quantization=_quantization(said.get("quantization"), record.get("facts", {})),
        dtype=said.get("dtype"),
        engine=_engine(said),
        trust=run.trust,
    )


def _engine(said: dict[str, Any]) -> str | None:
    family = said.get("family")
    if family is None:
        return None
    version = said.get(str(family)) or said.get("version")
    return f"{family} {version}" if isinstance(version, str) else str(family)


def _quantization(applied: Any, facts: dict[str, Any]) -> str:
    """Return what the weights are quantized to, in short; empty where they are not."""
    for said in (applied, facts.get("quantization")):
        if isinstance(said, str) and said:
            return said
        if isinstance(said, dict):
            parts = [str(said[key]) for key in ("method", "scheme") if said.get(key)]
            parts += [f"{said['bits']} bit"] if said.get("bits") else []
            return " ".join(parts)
    return ""


class _Records:
    """The records of one ledger that tables are made of, in log order."""

    def __init__(self, ledger: Path, number: int) -> None:
        self._ledger, self._number = ledger, number

    def _of(self, *kinds: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        sql = f'SELECT "position", leaf, canon FROM log WHERE kind IN ({listed}) ORDER BY 1'
        with query(self._ledger, sql) as answered:
            for position, leaf, canon in answered.rows:
                yield position, leaf, json.loads(canon)

    def snapshots(self) -> dict[str, dict[str, Any]]:
        return {record["snapshot"]: record for _, _, record in self._of("snapshot")}

    def numbers(self, runs: Sequence[str]) -> Iterator[Number]:
        """Yield the last estimate of each kind; of runs without any, the scores of old releases."""
        kept: dict[tuple[Any, ...], Number] = {}
        newer: set[str] = set()
        for position, leaf, record in self._of("score", "estimate"):
            if record["run"] not in runs:
                continue
            if record["kind"] == "estimate":
                newer.add(record["run"])
            made = _number(self._number, position, leaf, record)
            said = (made.run, made.score, made.cell, made.level, made.group)
            kept[(record["kind"], *said, made.label, made.aggregation)] = made
        for (kind, run, *_), made in kept.items():
            if kind == "estimate" or run not in newer:
                yield made

    def pairs(self, runs: Sequence[str]) -> Iterator[Pair]:
        kept: dict[str, Pair] = {}
        for position, leaf, record in self._of("comparison"):
            if record["run"] in runs and record["evidence"].get("kind") == "pair":
                kept[record["comparison"]] = _pair(self._number, position, leaf, record)
        yield from kept.values()


def _place(position: int, leaf: str, record: dict[str, Any]) -> Place:
    checkpoint = record.get("checkpoint") or {}
    return Place(position, leaf, record.get("code"), checkpoint.get("size"), checkpoint.get("root"))


def _number(ledger: int, position: int, leaf: str, record: dict[str, Any]) -> Number:
    return Number(
        ledger=ledger,
        run=record["run"],
        cell=record["sampling"],
        score=record["score"],
        level=record["level"],
        group=record.get("group", record.get("stratum")),
        label=record.get("label"),
        aggregation=record["aggregation"],
        value=record["value"],
        low=record.get("low"),
        high=record.get("high"),
        interval=record.get("interval") or {"method": "none"},
        n=record["n"],
        items=record.get("items"),
        undefined=record["undefined"],
        warnings=tuple(record.get("warnings", ())),
        counted=record.get("counted") or {},
        place=_place(position, leaf, record),
    )


def _pair(ledger: int, position: int, leaf: str, record: dict[str, Any]) -> Pair:
    said = record["evidence"]
    of, against, test, effect = said["of"], said["against"], said["test"], said["effect"]
    level = next((name for name in ("stratum", "split") if said.get(name) is not None), "all")
    return Pair(
        name=record["comparison"],
        ledger=ledger,
        of=Side(of["run"], of["cell"]),
        against=Side(against["run"], against["cell"]),
        score=said["score"],
        aggregation=said["aggregation"],
        level=level,
        group=said.get(level),
        difference=effect.get("difference"),
        low=effect.get("low"),
        high=effect.get("high"),
        test=test["name"],
        p_adjusted=test.get("p_adjusted"),
        tests=test.get("tests") or 1,
        favours=said["favours"],
        place=_place(position, leaf, record),
    )

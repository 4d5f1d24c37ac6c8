"""`reprollm plan`: an experiment into requests, and what asking them will need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.canon import Json, dumps
from reprollm.cli import terminal

if TYPE_CHECKING:
    from reprollm.contamination.examination import Examination
    from reprollm.experiment.load import Experiment
    from reprollm.exposure.declared import Declared
    from reprollm.prompts.estimate import Estimate
    from reprollm.prompts.plan import Plan
    from reprollm.records.shard import ShardReference
    from reprollm.snapshot.model import Model


@click.command(epilog="Example: reprollm plan normalisation --dry-run")
@click.argument("experiment")
@click.option(
    "--ledger",
    type=click.Path(file_okay=False, path_type=Path),
    help="Ledger folder; ledger/<experiment's name> by default.",
)
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that shall say what was planned, for the workflow.",
)
@click.option(
    "--because",
    metavar="TEXT",
    help="Why the plan changed; goes into the log where the ledger holds an earlier plan.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be planned and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON instead of tables.")
def command(
    experiment: str,
    ledger: Path | None,
    receipt: Path | None,
    because: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Turn EXPERIMENT into requests, put the plan into the ledger, and show what a run will need.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml.
    """
    from reprollm.environment import code_digest
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate
    from reprollm.records.receipt import write_receipt

    models = load_all(locate(experiment, Path()))
    ledger = ledger or Path("ledger") / models[0].config.name
    made = [_make(described) for described in models]
    code = code_digest("generate")
    if dry_run:
        reports = [_foreseen(each, ledger, code) for each in made]
    else:
        written = [_publish(each, ledger, code, because) for each in made]
        reports = [report for report, _ in written]
        if receipt:
            shards = [shard for _, some in written for shard in some]
            write_receipt(receipt, "plan", shards, **_one_or_all(_receipt(r) for r in reports))
    if as_json:
        click.echo(dumps(_one_or_all(report.to_json() for report in reports)))
        return
    for report in reports:
        report.show()


def _one_or_all(said: Iterable[dict[str, Json]]) -> dict[str, Json]:
    """Return what is said of the one plan, or a list of what is said of several."""
    first, *more = said
    return {"plans": [first, *more]} if more else first


def _receipt(report: _Report) -> dict[str, Json]:
    plan = report.plan
    return {
        **report.named(),
        "plan": plan.plan,
        "run": report.run,
        "requests": len(plan.rows),
        "slices": plan.slices,
    }


@dataclass(frozen=True)
class _Made:
    """The plan for one of an experiment's models, and what it was made from."""

    described: Experiment
    model: Model
    plan: Plan
    declared: list[Declared]

    def report(self, run: str | None, ledger: Path) -> _Report:
        """Return what is printed of it."""
        from reprollm.prompts.estimate import estimate
        from reprollm.prompts.runs import answered

        done = len(answered(ledger, run)) if run else 0
        costs = estimate(self.plan, self.model.lock.facts)
        return _Report(self.plan, run, done, costs, model=self.described.model)


def _make(described: Experiment) -> _Made:
    from reprollm.cli.progress import counting, moving
    from reprollm.prompts.plan import make_plan, read_sources
    from reprollm.snapshot.model import load_model, locate_model

    model = load_model(described.lock, described.adapters)
    sources = read_sources(described, model)
    declared = _declared(described, model)
    with moving("checking the model", model.total_bytes) as advance:
        located = locate_model(model, progress=advance)
    prompts = len(sources.data.rows) * len(sources.templates)
    with counting("rendering prompts", prompts) as advance:
        plan = make_plan(sources, located, advance)
    return _Made(described, model, plan, declared)


def _foreseen(made: _Made, ledger: Path, code: str) -> _Report:
    from reprollm.prompts.runs import find_run

    return made.report(find_run(ledger, made.plan.plan, code), ledger)


def _publish(
    made: _Made, ledger: Path, code: str, because: str | None
) -> tuple[_Report, list[ShardReference]]:
    """Put a plan into the ledger; return what is printed, and the shards that hold it."""
    from reprollm.ledger.deviations import REASON_FILE
    from reprollm.prompts.described import published_items
    from reprollm.prompts.publish import publish_plan
    from reprollm.prompts.runs import open_run
    from reprollm.records.shard import write_once

    described, lock = made.described, made.model.lock
    stored = publish_plan(made.plan, lock, ledger)
    items = published_items(ledger, stored.plan)
    shards = [stored.shard, *([items] if items else [])]
    examination = None
    if described.config.contamination is not None:
        from reprollm.contamination.examination import make_examination, publish_examination

        examination = make_examination(described, stored, lock.facts)
        shards.append(publish_examination(examination, ledger))
        shards += _publish_declared(made.declared, stored.plan, ledger)
    if because:
        write_once(stored.folder / REASON_FILE, because.encode())
    report = made.report(open_run(ledger, stored.plan, code), ledger)
    return replace(report, ledger=ledger, examination=examination), shards


def _declared(described: Experiment, model: Model) -> list[Declared]:
    """Return what is declared of exposures, before anything is written."""
    checks = described.config.contamination
    if checks is None or checks.exposure is None:
        return []
    from reprollm.contamination.exposure import declared_of

    return declared_of(described, model.lock)


def _publish_declared(declared: list[Declared], plan: str, ledger: Path) -> list[ShardReference]:
    if not declared:
        return []
    from reprollm.contamination.exposure import publish_declared

    shard = publish_declared(declared, plan, ledger)
    return [shard] if shard else []


@dataclass(frozen=True)
class _Report:
    """What is printed.

    Attributes:
        run: None before the first.
        answered: how many requests the run has answered.
        ledger: where the plan was written, None in a dry run.
        examination: what is examined of contamination, None where nothing is or in a dry run.
        model: the model's name, where the experiment has several.
    """

    plan: Plan
    run: str | None
    answered: int
    costs: Estimate
    ledger: Path | None = None
    examination: Examination | None = None
    model: str | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            **self.named(),
            **self._examined(),
            "experiment": self.plan.experiment,
            "plan": self.plan.plan,
            "run": self.run,
            "answered": self.answered,
            "slices": self.plan.slices,
            **self.costs.to_json(),
        }

    def named(self) -> dict[str, Json]:
        """Return the model's name, where there are several."""
        return {} if self.model is None else {"model": self.model}

    def _examined(self) -> dict[str, Json]:
        if self.examination is None:
            return {}
        texts = len(self.examination.texts)
        return {"examination": self.examination.examination, "texts": texts}

    def show(self) -> None:
        console = terminal.console()
        console.print(self._title(), soft_wrap=True)
        console.print(terminal.table("", ("what", ">how much"), self._facts()))
        console.print()
        console.print(
            terminal.table(
                "",
                ("sampling", ">requests", ">prompt tokens", ">answer tokens at most"),
                [
                    (
                        part.sampling,
                        f"{part.requests:,}",
                        f"{part.prompt_tokens:,}",
                        f"{part.answer_tokens:,}",
                    )
                    for part in self.costs.samplings
                ],
            )
        )

    def _title(self) -> str:
        where = f"in {self.ledger}" if self.ledger else "not written (dry run)"
        asked = "" if self.model is None else f" with the model {self.model}"
        plan = f"Plan {self.plan.plan[:16]} of {self.plan.experiment}{asked}"
        return terminal.safe(f"{plan}, {where}")

    def _facts(self) -> list[tuple[str, str]]:
        costs, engine = self.costs, self.plan.engine
        stored = "as stored" if engine.family == "llamacpp" else f"in {engine.dtype}"
        limit = f" of {costs.context:,}" if costs.context else ""
        examined = (
            []
            if self.examination is None
            else [("texts to examine", f"{len(self.examination.texts):,}")]
        )
        cache = "unknown" if costs.cache_bytes is None else _size(costs.cache_bytes)
        return [
            ("items", f"{costs.items:,}"),
            ("requests", f"{costs.requests:,}"),
            ("of them distinct", f"{costs.distinct:,}"),
            ("already answered", f"{self.answered:,}"),
            *examined,
            ("slices", f"{self.plan.slices:,}"),
            ("longest prompt, tokens", f"{costs.longest_prompt:,}"),
            ("longest with its answer, tokens", f"{costs.longest_sequence:,}{limit}"),
            (f"memory: weights {stored}", _size(costs.weights_bytes)),
            (f"memory: keys and values of {engine.batch_size:,} requests", cache),
        ]


def _size(size: int) -> str:
    """Return a number of bytes in the largest binary unit of which there is one."""
    amount, unit = float(size), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"

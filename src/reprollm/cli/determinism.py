"""`reprollm determinism`: how far an engine repeats itself, measured and declared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.errors import EngineUnavailable, InvalidInput

if TYPE_CHECKING:
    from reprollm.determinism.findings import Finding
    from reprollm.determinism.measure import Measured, Plan, Watch
    from reprollm.experiment.engine import EngineSettings
    from reprollm.experiment.load import Experiment
    from reprollm.prompts.requests import Request
    from reprollm.snapshot.model import LocatedModel, Model

_FILE = click.Path(dir_okay=False, path_type=Path)
_FAMILIES = ("transformers", "vllm", "llamacpp", "server")
_DTYPES = ("float32", "bfloat16", "float16")
_POLICIES = ("strict", "fast")


@click.command(
    epilog="Example: reprollm determinism models/my-model.lock.json --engine transformers "
    "--dtype bfloat16 --declare"
)
@click.argument("lock", type=_FILE)
@click.option("--engine", type=click.Choice(_FAMILIES), required=True, help="The engine to ask.")
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(_DTYPES),
    multiple=True,
    help="What the model computes in (of llama.cpp its KV cache); may be repeated. All three by "
    "default, or the experiment's.",
)
@click.option(
    "--policy",
    type=click.Choice((*_POLICIES, "both")),
    help="Batch policy; both by default, or the experiment's.",
)
@click.option("--device", help="cpu by default, or the experiment's; cuda, cuda:1.")
@click.option(
    "--requests", type=click.IntRange(1), default=32, show_default=True, help="How many are asked."
)
@click.option(
    "--tokens",
    type=click.IntRange(1),
    default=48,
    show_default=True,
    help="The longest answer, in tokens.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="At most so many at once in the baseline; 8 by default, or the experiment's.",
)
@click.option(
    "--other-batch-size",
    "sizes",
    type=click.IntRange(1),
    multiple=True,
    help="Another batch size to ask with; may be repeated. 32 by default.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads of the baseline.")
@click.option(
    "--elsewhere",
    is_flag=True,
    help="Also ask with the plainest processor kernels, as on another machine (transformers, vllm "
    "on a CPU).",
)
@click.option(
    "--experiment",
    "named",
    metavar="NAME",
    help="Also ask the first requests of this experiment, with its engine settings.",
)
@click.option("--declare", is_flag=True, help="Keep the result beside LOCK, for runs to declare.")
@click.option("-o", "--output", type=_FILE, help="File for the report, JSON.")
@click.option("--picture", "drawn", type=_FILE, help="File for a picture of it, SVG.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    lock: Path,
    engine: str,
    dtypes: tuple[str, ...],
    policy: str | None,
    device: str | None,
    requests: int,
    tokens: int,
    batch_size: int | None,
    sizes: tuple[int, ...],
    threads: int | None,
    elsewhere: bool,
    named: str | None,
    declare: bool,
    output: Path | None,
    drawn: Path | None,
    as_json: bool,
) -> None:
    """Ask the model of LOCK the same requests again and again, and say what came out again.

    In another order, in other batches, with warm and cold caches, in restarted processes and with
    other threads. Each answer is compared with the first one to the same request:

    L0 same settings only; L1 the same tokens; L2 log-probabilities within a few units in the last
    place of the dtype; L3 bit-identical.

    The prompts are made of invented words; no data of yours is needed.
    """
    from reprollm.environment import go_offline

    go_offline()
    from reprollm.determinism import report as files
    from reprollm.determinism.measure import Plan, new_run
    from reprollm.determinism.picture import picture
    from reprollm.snapshot.model import load_model, locate_model

    experiment = _experiment(named, lock)
    model = load_model(lock, experiment.adapters if experiment else ())
    run = new_run()
    located = locate_model(model, run=run)
    base = _base(engine, experiment, device, batch_size, threads)
    plans = [
        Plan(model, run, settings, asked, sizes or (32,), elsewhere)
        for settings in _ways(base, dtypes, policy, experiment is not None)
        for settings, asked in [_asked(experiment, model, located, settings, requests, tokens)]
    ]
    measured, refused = _measure_all(plans)
    found = files.report(measured, refused)
    if output:
        files.write_report(output, found)
    if drawn:
        drawn.write_text(picture(measured), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        show(measured, refused)
    if declare:
        click.echo(f"reprollm: declared in {files.declare(lock, measured)}", err=True)


def show(measured: Sequence[Measured], refused: Sequence[tuple[str, str]]) -> None:
    """Print one table a measurement, and what follows from all of them."""
    from reprollm.cli.terminal import console, safe, table
    from reprollm.compare.levels import MEANING
    from reprollm.determinism.picture import title

    out = console()
    columns = (
        "asked again", "level", ">tokens", ">bits", ">drift (ulp)", ">parts at", ">margin (ulp)",
        ">threads",
    )  # fmt: skip
    for each in measured:
        heading = f"{title(each)} ({each.requests} requests, {each.tokens} tokens)"
        out.print(table(heading, columns, map(_cells, each.findings)))
        out.print()
    for each in measured:
        meaning = f" ({MEANING[each.level]})" if each.level else ""
        out.print(safe(f"{title(each)}{meaning}"), soft_wrap=True)
    for what, why in refused:
        out.print(safe(f"{what}: not measured: {why}"), soft_wrap=True)
    out.print(
        "tokens, bits: answers with the same; drift: the largest difference of log-probabilities "
        "of shared tokens, in nats and units in the last place; parts at: the earliest step with "
        "another token, and the margin of the best two there",
        soft_wrap=True,
    )
    out.print("* needs other settings or another machine, and bounds no declared level")


def _cells(finding: Finding) -> tuple[str, ...]:
    from reprollm.compare.levels import Level

    name = finding.variation.name + ("" if finding.variation.counts else " *")
    if finding.refused is not None:
        return (name, "none", "", "", finding.refused[:120], "", "", "")
    of = finding.compared
    first = finding.divergences[0] if finding.divergences else None
    return (
        name,
        finding.level or "",
        f"{round(finding.share(Level.TOKENS) * of)}/{of}",
        f"{finding.levels.get(Level.BITS, 0)}/{of}",
        _number(finding.logprob_difference, finding.logprob_ulps),
        "" if first is None else str(first.step),
        "" if first is None else _number(first.margin, first.ulps),
        "" if finding.threads is None else str(finding.threads),
    )


def _number(value: float | None, ulps: float | None) -> str:
    if value is None:
        return "none given"
    return f"{value:.3g}" + ("" if ulps is None else f" ({ulps:.3g})")


def _experiment(named: str | None, lock: Path) -> Experiment | None:
    """Return the experiment; of several models that which has the lock's snapshot, else any."""
    if named is None:
        return None
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate
    from reprollm.snapshot.lock import load_lock

    first, *more = load_all(locate(named, Path()))
    asked = load_lock(lock).snapshot if more else None
    return next((each for each in more if load_lock(each.lock).snapshot == asked), first)


def _base(
    family: str,
    experiment: Experiment | None,
    device: str | None,
    batch_size: int | None,
    threads: int | None,
) -> EngineSettings:
    """Return the engine's settings, of the experiment's engine where it has one of this family."""
    from reprollm.experiment.engine import EngineSettings

    found = experiment.config.engine.settings() if experiment else None
    if found is None or found.family != family:
        if family == "server":
            raise InvalidInput(
                "expected --experiment with an experiment whose engine is a server, which says "
                "what server to ask; found none"
            )
        found = EngineSettings(family, "", "cpu", "", 8)
    return replace(
        found,
        device=device or found.device,
        batch_size=batch_size or found.batch_size,
        threads=threads or found.threads,
    )


def _ways(
    base: EngineSettings, dtypes: Sequence[str], policy: str | None, experiment: bool
) -> list[EngineSettings]:
    """Return the settings to measure: every dtype under every policy that was asked for."""
    own = (base.dtype,) if base.dtype else _DTYPES
    policies = (policy,) if policy and policy != "both" else _POLICIES
    if policy is None and base.batch_policy:
        policies = (base.batch_policy,)
    return [
        replace(base, dtype=dtype, batch_policy=each)
        for dtype in dtypes or own
        for each in policies
    ]


def _asked(
    experiment: Experiment | None,
    model: Model,
    located: LocatedModel,
    settings: EngineSettings,
    count: int,
    tokens: int,
) -> tuple[EngineSettings, tuple[Request, ...]]:
    from reprollm.determinism.measure import with_context
    from reprollm.determinism.questions import experiment_questions, questions

    asked = questions(model, located, settings, count, tokens)
    if experiment:
        asked += experiment_questions(experiment, model, located, settings, count, tokens)
    return with_context(settings, asked), tuple(asked)


def _measure_all(plans: Sequence[Plan]) -> tuple[list[Measured], list[tuple[str, str]]]:
    """Measure each plan; one that the engine refuses stops no other."""
    from reprollm.determinism.measure import answers_asked, measure

    measured: list[Measured] = []
    refused: list[tuple[str, str]] = []
    with _watched(sum(map(answers_asked, plans))) as watch:
        for plan in plans:
            what = f"{plan.settings.family}, {plan.settings.dtype}, {plan.settings.batch_policy}"
            try:
                measured.append(measure(plan, watch(what)))
            except EngineUnavailable as error:
                refused.append((what, str(error)))
    if not measured:
        raise EngineUnavailable(refused[0][1])
    return measured, refused


@contextmanager
def _watched(answers: int) -> Iterator[Callable[[str], Watch]]:
    """Show answers as they come, and in a log what is asked."""
    from reprollm.cli.progress import answering

    with answering(answers) as advance:

        def watch(what: str) -> Watch:
            def told(asked: str) -> Callable[[int, int], object]:
                if not sys.stderr.isatty():
                    click.echo(f"{what}: {asked}", err=True)
                return advance

            return told

        yield watch

"""Where the numbers come from, as a graph: inputs by hash, plan, run, scores, this page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reprollm.report.content import Content
from reprollm.report.language import Value
from reprollm.report.sentence import word


@dataclass(frozen=True)
class Node:
    """One thing in a stage: a message that names it, and its hash, if it has one."""

    key: str
    digest: str = ""
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """What is made from the stages before it."""

    name: str
    nodes: tuple[Node, ...]


def provenance(content: Content) -> list[Stage]:
    """Return the stages in their order."""
    return [
        Stage("inputs", tuple(_inputs(content))),
        Stage("plan", tuple(_plans(content))),
        Stage("run", tuple(_runs(content))),
        Stage("scores", tuple(_scores(content))),
        Stage("log", (_log(content),)),
    ]


def prompt_files(content: Content) -> list[tuple[str, str]]:
    """Return the digests of the files that prompts were made from, by name."""
    core = content.plan.core
    prompt = core.get("prompt") or {}
    found = [
        ("template", core.get("template_sha256")),
        ("system", prompt.get("system_sha256")),
        ("chat_template", core.get("chat_template_sha256")),
        ("examples", core.get("examples_sha256")),
    ]
    found += [(name, digest) for name, digest in _variants(core.get("prompts"))]
    return [(name, str(digest)) for name, digest in found if digest]


def _variants(prompts: object) -> Iterator[tuple[str, object]]:
    """Yield the digests of several prompt variants, as a plan's core names them."""
    if isinstance(prompts, dict):
        listed = [{"name": name, **value} for name, value in prompts.items()]
    else:
        listed = list(prompts) if isinstance(prompts, list) else []
    for each in listed:
        if isinstance(each, dict):
            for key, value in each.items():
                if key.endswith("_sha256"):
                    yield f"{each.get('name', '')}: {key.removesuffix('_sha256')}", value


def _inputs(content: Content) -> Iterator[Node]:
    core = content.plan.core
    yield Node("input.experiment", str(core.get("experiment_sha256") or ""))
    yield Node("input.data", str(core.get("data_sha256") or ""))
    for name, digest in prompt_files(content):
        yield Node("input.prompt", digest, {"name": word("file", name)})
    for model in content.models:
        yield Node("input.model", model.snapshot, {"name": model.name})


def _plans(content: Content) -> Iterator[Node]:
    for each in content.runs:
        values: dict[str, Value] = {"requests": each.plan.requests}
        yield _of_model(content, each.run.run, Node("node.plan", each.plan.plan, values))
        yield Node("node.requests", each.plan.requests_root)


def _runs(content: Content) -> Iterator[Node]:
    for each in content.runs:
        values: dict[str, Value] = {"answered": each.run.answered, "attempts": each.run.attempts}
        yield _of_model(content, each.run.run, Node("node.run", each.run.run, values))
    for one in content.environments:
        yield Node("node.environment", one.environment)


def _scores(content: Content) -> Iterator[Node]:
    tables = dict.fromkeys((one.run, one.score, one.table) for one in content.estimates)
    for run, score, table in tables:
        yield _of_model(content, run, Node("node.scores", table, {"score": word("score", score)}))
    if not tables:
        yield Node("scores.none")


def _of_model(content: Content, run: str, node: Node) -> Node:
    """Return a node that says of which model it is, where there are several."""
    name = content.name_of(run)
    return Node(f"{node.key}.of", node.digest, {**node.values, "model": name}) if name else node


def _log(content: Content) -> Node:
    at = content.checkpoint
    return Node("node.log", at.root.hex(), {"records": at.size, "origin": at.origin})

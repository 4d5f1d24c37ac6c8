"""The page: what was read, rendered into one file that needs no network.

Its only script is its own, let in by its hash; without it the page shows the first items and
everything else. Texts reach the page through `shown`, or as data that the script shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from reprollm import __version__
from reprollm.report.concluded import agreements, claims, determinism, pairs
from reprollm.report.contamination import CLAIMS, Findings, stated
from reprollm.report.content import Content
from reprollm.report.glance import glances
from reprollm.report.language import Language, Number, Speech, short
from reprollm.report.messages import MESSAGES
from reprollm.report.packed import Packing
from reprollm.report.pictures import again_plot, p_plots, score_plots, verdict_plots
from reprollm.report.provenance import prompt_files, provenance
from reprollm.report.rows import Row
from reprollm.report.sentence import decimal, word
from reprollm.report.shown import embedded, shown
from reprollm.report.summary import arm, summary, warnings

SECTIONS = (
    "summary results items contamination models prompts provenance check"
).split()  # fmt: skip
_SCRIPTS = "text language diff store search list item start".split()


@dataclass(frozen=True)
class Items:
    """The items of a page, as they come.

    Attributes:
        rows: all of them, once.
        first: those that are shown without the script.
        examples: one of each arm.
        scores: names of their scores.
        right: for the picture of contamination against score: sums by verdict.
    """

    rows: Iterable[Row]
    first: Sequence[Row]
    examples: Sequence[Row]
    scores: tuple[str, ...]
    again: Sequence[tuple[str, Sequence[int]]] = ()
    means: Sequence[Any] = ()


def page(content: Content, items: Items, language: Language = "en") -> Iterator[str]:
    """Yield the report as one HTML document, in pieces; equal ledgers give equal bytes.

    Args:
        content: everything besides the items.
        items: the items; their rows are taken once, after all else was rendered.
        language: in which it opens; a reader can switch.
    """
    speech = Speech(language)
    style, script = _asset("report.css"), _script()
    packing = Packing(items.scores, [_verdicts(each.findings) for each in content.runs])
    yield from (
        _environment(speech)
        .get_template("page.html.jinja")
        .generate(
            content=content,
            version=__version__,
            t=speech,
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            sections=SECTIONS,
            arm=lambda run, cell: arm(content, run, cell),
            summary=summary(content),
            warnings=warnings(content),
            contamination={claim: stated(claim, content.findings) for claim in CLAIMS},
            claims=claims(content),
            pairs=pairs(content),
            agreements=agreements(content),
            determinism=determinism(content),
            estimates=content.estimates,
            glances=glances(content),
            score_plots=score_plots(speech, content),
            again_plot=again_plot(speech, items.again),
            verdict_plots=verdict_plots(speech, items.means),
            p_plots=p_plots(speech, content),
            provenance=provenance(content),
            prompt_files=prompt_files(content),
            samplings=content.plan.core.get("sampling", []),
            engine=sorted(content.plan.core.get("engine", {}).items()),
            first=items.first,
            examples=items.examples,
            rows=items.rows,
            packing=packing,
            about=lambda: _about(content, packing, language),
            commands=_commands(content),
        )
    )


def _verdicts(findings: Findings) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return what checks say of items: pairs of method and verdict."""
    return {
        item: tuple((method, one.said("verdict")) for method, one in found.items())
        for item, found in findings.items.items()
    }


def _environment(speech: Speech) -> Environment:
    folder = files("reprollm.report").joinpath("templates")
    sources = {
        each.name: each.read_text(encoding="utf-8")
        for each in folder.iterdir()
        if each.name.endswith(".jinja")
    }
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "short": short, "pretty": _pretty}
    environment.globals |= {"number": Number, "said": word, "decimal": decimal}
    return environment


def _harmless(value: object) -> object:
    """Return what a template is about to write; nothing comes past this unseen."""
    return value if isinstance(value, Markup) else shown(value)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)


def _asset(name: str) -> str:
    return files("reprollm.report").joinpath("assets", name).read_text(encoding="utf-8")


def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}}})();\n'


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """Return the source expression that lets in just this text (CSP level 3, section 2.3.1)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _about(content: Content, packing: Packing, language: Language) -> Markup:
    """Return what the script needs besides the items."""
    said = {
        "language": language,
        "messages": MESSAGES,
        "title": content.title,
        "experiment": content.plan.experiment,
        "checkpoint": {"size": content.checkpoint.size, "root": content.checkpoint.root.hex()},
        "runs": [
            {"run": each.run.run, "model": each.model if len(content.runs) > 1 else None}
            for each in content.runs
        ],
        **packing.meanings(),
    }
    return Markup(embedded(said))


def _commands(content: Content) -> list[tuple[str, str]]:
    ledger = f"ledger/{content.plan.experiment}"
    of = f" --model {content.name_of(content.runs[0].run.run)}" if content.several else ""
    return [
        ("bundle", "python3 -I -S verify.py"),
        ("ledger", f"reprollm ledger verify {ledger}"),
        ("proof", f"reprollm proof make {ledger} POSITION -o record.tlog-proof"),
        ("challenge", f'reprollm challenge . --nonce "any words of your own" -k 20{of}'),
        ("rerun", f"reprollm rerun ledger -o ../again{of} --lock experiment/models/….lock.json"),
        ("compare", f"reprollm compare {ledger} ../again{of}"),
    ]

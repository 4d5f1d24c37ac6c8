"""The outcome of a challenge, as a page and as JSON: what follows from it, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprollm.compare.challenge import Challenged, Reply

SCHEMA = "reprollm/challenge/1"
_SHOWN = 40
_CAUSES = 12


def show(outcome: Challenged) -> None:
    """Print what was drawn, what became of it, and what follows and what does not."""
    from reprollm.cli.terminal import console, safe, table
    from reprollm.compare.bound import draws_for
    from reprollm.compare.verdict import Outcome

    out, made, said = console(), outcome.challenge, outcome.statement
    title = f"{safe(made.origin)}: {said.asked} of {said.of} answered requests, drawn by root "
    out.print(f"{title}{made.root[:16]} and your nonce", soft_wrap=True)
    columns = ("item", "request", "outcome", ">token", ">margin (ulp)")
    differing = [r for r in outcome.replies if r.verdict.outcome is not Outcome.IDENTICAL]
    same = [r for r in outcome.replies if r.verdict.outcome is Outcome.IDENTICAL]
    out.print(table("Asked again", columns, map(_cells, [*differing, *same][:_SHOWN])))
    if len(outcome.replies) > _SHOWN:
        out.print(f"only the first {_SHOWN} are shown, those that differ before the others")
    if differing and outcome.causes:
        rows = [(c.fact, c.first[:60], c.second[:60]) for c in outcome.causes[:_CAUSES]]
        title = "What differs around the two runs, most likely cause first"
        out.print(table(title, ("fact", "published", "here"), rows))
    for sentence in meaning(outcome):
        out.print(safe(sentence), soft_wrap=True)
    out.print(
        f"{draws_for(0.05)} identical answers put the bound at 5 %, {draws_for(0.01)} at 1 %",
        soft_wrap=True,
    )
    out.print(said.sentence, soft_wrap=True)


def meaning(outcome: Challenged) -> list[str]:
    """Return in sentences what the outcome does not say."""
    said = []
    if not outcome.reproduced:
        said.append(
            "A difference is not yet a forgery: another processor or library rounds differently. "
            "At a near tie it is likely that; try the published machine and versions."
        )
    if outcome.challenge.engine.batch_policy != "strict":
        said.append(
            "The run batched its requests freely, so that answers may depend on their neighbours."
        )
    if any(reply.text is None for reply in outcome.replies):
        said.append(
            "Published texts are withheld: only tokens were compared, not that texts are theirs."
        )
    said.append(
        "This holds if the nonce was chosen after the root was fixed. It says nothing of which "
        "requests were planned, nor of what they ask."
    )
    return said


def to_json(outcome: Challenged, bundle: str) -> dict[str, Any]:
    """Return the outcome as plain values, with all that is needed to draw and compare again."""
    from dataclasses import asdict

    from reprollm import __version__
    from reprollm.compare.bound import CONFIDENCE, draws_for
    from reprollm.records.time import utc_now

    made, said = outcome.challenge, outcome.statement
    return {
        "schema": SCHEMA,
        "reprollm": __version__,
        "created": utc_now(),
        "bundle": bundle,
        "origin": made.origin,
        "size": made.size,
        "root": made.root,
        "nonce": made.nonce,
        "run": made.run.run,
        "plan": made.run.plan,
        "of": said.of,
        "asked": said.asked,
        "mismatches": said.mismatches,
        "outcomes": {key.value: number for key, number in outcome.counts.items()},
        "confidence": CONFIDENCE,
        "bound": said.bound,
        "sentence": said.sentence,
        "not_said": meaning(outcome),
        "identical_for_5_percent": draws_for(0.05),
        "identical_for_1_percent": draws_for(0.01),
        "drawn": [_reply_json(reply) for reply in outcome.replies],
        "causes": [asdict(cause) for cause in outcome.causes],
    }


def _reply_json(reply: Reply) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "request": reply.asked.request,
        "item": reply.asked.item,
        "record": reply.asked.position,
        "published": reply.published,
        "found": reply.found,
        "verdict": asdict(reply.verdict),
    }


def _cells(reply: Reply) -> tuple[str, ...]:
    from reprollm.cli.compare import margin

    found = reply.verdict
    return (
        reply.asked.item,
        reply.asked.request[:16],
        found.outcome.value,
        "" if found.first_difference is None else str(found.first_difference),
        margin(found),
    )

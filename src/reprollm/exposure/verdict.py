"""Can a model have seen a field of an item in training, going by time alone?

| verdict | when; the first line that fits counts |
| --- | --- |
| `expected` | declared for a source text in the public domain |
| `possible` | shown public, or sent, by the release of the weights; by any day without fixed ones |
| `impossible_by_time` | proved created later than the shown release of weights pinned by hash |
| `unlikely` | shown created later than the claimed cutoff, or than the release without proof |
| `unknown` | anything else |

Where no release is shown, `possible` takes the claimed cutoff in its place. Public between a
claimed cutoff and the release counts as `unlikely` where the creation is shown to be later than the
cutoff: claims of cutoffs are unreliable (Cheng et al. 2024, arXiv 2403.12958), and no more than
that word follows. What was *sent* counts as `possible` all the same, because
cutoffs speak of texts that were collected, not of what users type. A first-seen date is an upper
bound on the publication: it shows that a text was public, never that it was not so before. A
creation that is later than a day on which the text was shown public or sent is not believed.
A hosted alias has no fixed weights and is never `impossible_by_time`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reprollm.exposure.declared import Declared
from reprollm.exposure.spans import Span, span

VERDICTS = ("expected", "possible", "unlikely", "impossible_by_time", "unknown")


@dataclass(frozen=True)
class Model:
    """What is known of a model's time.

    Attributes:
        snapshot: its snapshot's id, hex.
        pinned: whether its weights are fixed by a hash that was checked where it answers.
        released: when these weights were shown to be released, or None.
        cutoff: the claimed training cutoff, or None.
    """

    snapshot: str
    pinned: bool
    released: Span | None = None
    cutoff: Span | None = None


@dataclass(frozen=True)
class Known:
    """What is known of one field of one item.

    Attributes:
        expected: whether it is declared to be in every training text anyway.
        created: days by which it is shown to have been created, or None.
        proved: whether that is proved.
        public: days on which it was shown to be public.
        sent: days on which it was sent to a model; None where a declared use has no date.
    """

    expected: bool = False
    created: Span | None = None
    proved: bool = False
    public: tuple[Span, ...] = ()
    sent: tuple[Span | None, ...] = ()


def verdict(known: Known, model: Model) -> str:
    """Return the temporal verdict, one of `VERDICTS`; see the module."""
    if known.expected:
        return "expected"
    known = _consistent(known)
    newer = known.created is not None and _after(known.created, model.cutoff)
    if _reached(known.sent, model) or (_reached(known.public, model) and not _late(known, model)):
        return "possible"
    later = known.created is not None and _after(known.created, model.released)
    if later and known.proved and model.pinned:
        return "impossible_by_time"
    return "unlikely" if newer or later else "unknown"


def model_of(snapshot: str, pinned: bool, declared: Iterable[Declared]) -> Model:
    """Return what declarations say of a snapshot's release and cutoff.

    Of several shown releases the earliest counts, which is an upper bound like each of them; of
    several claimed cutoffs the latest.
    """
    mine = [each for each in declared if each.what == "release" and each.subject == snapshot]
    released = [each.dated for each in mine]
    claims = [span(each.evidence["cutoff"]) for each in mine if each.evidence.get("cutoff")]
    return Model(
        snapshot,
        pinned,
        min((day for day in released if day), key=lambda day: day.last, default=None),
        max((month for month in claims if month), key=lambda month: month.last, default=None),
    )


def known_of(exposed: Iterable[Mapping[str, Any]], declared: Iterable[Declared]) -> Known:
    """Return what is known of one field of one item.

    Args:
        exposed: the `exposed` records of this field of this item.
        declared: the declarations that concern it.
    """
    mine = tuple(declared)
    shown = [(each.dated, each.proved) for each in mine if each.what == "creation"]
    # Of several creations the earliest counts: a later one cannot take an earlier one back.
    creations = sorted(
        ((day.first, not proved, day) for day, proved in shown if day), key=lambda each: each[:2]
    )
    publications = [each for each in mine if each.what == "publication"]
    used = [each for each in mine if each.what == "use" and each.evidence.get("outside") is True]
    sent = [span(record["created"]) for record in exposed]
    sent += [span(str(each.evidence.get("from") or "")) for each in used]
    return Known(
        expected=any(each.evidence.get("expected") is True for each in publications),
        created=creations[0][2] if creations else None,
        proved=bool(creations) and not creations[0][1],
        public=tuple(each.dated for each in publications if each.dated),
        sent=tuple(sent),
    )


def pinned(engine: Mapping[str, Any]) -> bool:
    """Return whether a plan's engine settings fix the weights that answer by a checked hash.

    Engines in this process load files that were hashed; a server counts where it is started here or
    where no less than `attested` is demanded of it. A name over HTTP (`claimed`) is never enough.
    """
    server = engine.get("server")
    if engine.get("family") != "server" or not isinstance(server, dict):
        return engine.get("family") != "server"
    return server.get("url") is None or server.get("trust") in ("attested", "owned")


def _consistent(known: Known) -> Known:
    """Return what is known without a creation that was shown public or sent before it."""
    created = known.created
    days = [day for day in (*known.public, *known.sent) if day is not None]
    if created is None or not any(created.after(day) for day in days):
        return known
    return replace(known, created=None, proved=False)


def _after(day: Span, other: Span | None) -> bool:
    return other is not None and day.after(other)


def _late(known: Known, model: Model) -> bool:
    """Return whether a claimed cutoff before its creation stands against what was public."""
    if not model.pinned or model.released is None or known.created is None:
        return False
    return _after(known.created, model.cutoff)


def _reached(days: Sequence[Span | None], model: Model) -> bool:
    """Return whether any of these days allows that the training still took the text in."""
    if not days:
        return False
    if not model.pinned:
        return True
    end = model.released or model.cutoff
    return end is not None and any(day is None or day.by(end) for day in days)

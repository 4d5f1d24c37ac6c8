"""What is to be withheld, and the ledger that is left: same root, same signatures, fewer openings.

    --withhold prompt,reference:salt-public --withhold output:salt-secret

A commitment hides its value and stays in its record, so nothing that was hashed or signed changes.
With `salt-public` the salts stay: whoever has a text can confirm it, and whoever can guess one can
test the guess. With `salt-secret` only a later disclosure (`reprollm disclose`) opens anything.

A text is never withheld while what contains it or follows from it is shown: a prompt contains the
source and is spelled by its token ids; an output is spelled by its token ids, and log-probabilities
and margins tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.errors import InvalidInput
from reprollm.ledger.lock import reading
from reprollm.ledger.segments import Segment, acknowledged, read_checkpoints, read_segments

if TYPE_CHECKING:
    from reprollm.bundles.members import Member
    from reprollm.withholding.redaction import Redaction

PUBLIC, SECRET = "public", "secret"
_PROMPT = ("prompt", "prompt_ids", "source")
_OUTPUT = ("output", "output_ids", "logprobs", "margins")
CLOSURE: Mapping[str, tuple[str, ...]] = {
    "prompt": _PROMPT,
    "source": _PROMPT,
    "reference": ("reference",),
    "output": _OUTPUT,
    "annotations": ("annotations",),
}
_EXAMINED = ("text", "text_ids", "expected_ids", "logprobs", "means", "deviations")
"""Fields of measurements that tell an item's text: whoever has the model and the log-probability of
each token can read the text off them, one token after the other."""
_MODES = {"salt-public": PUBLIC, "salt-secret": SECRET}


@dataclass(frozen=True)
class Withholding:
    """What a publisher withholds, and why.

    Attributes:
        salts: `public` or `secret` for each withheld field, closed over what tells of it.
        reason: in the publisher's words.
        allow_overlap: publish although what stays repeats withheld texts; the statement says so.
    """

    salts: Mapping[str, str]
    reason: str
    allow_overlap: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """The withheld fields."""
        return frozenset(self.salts)

    @property
    def hides_item_scores(self) -> bool:
        """Whether scores of single answers must not be shown: their parts are texts' lengths."""
        return not self.fields.isdisjoint(("reference", "output"))

    @property
    def hides_requests(self) -> bool:
        """Whether `requests.parquet` holds something withheld."""
        return not self.fields.isdisjoint((*_PROMPT, "reference"))

    def hides(self, field: str) -> bool:
        """Return whether `field` is withheld."""
        return field in self.salts

    def to_json(self) -> list[dict[str, str]]:
        """Return the fields as statements hold them, sorted."""
        return [{"field": field, "salt": self.salts[field]} for field in sorted(self.salts)]


def parse_withholding(
    demands: Sequence[str], reason: str | None, *, allow_overlap: bool = False
) -> Withholding:
    """Return what `demands` ask for, each `FIELD[,FIELD…]:salt-public` or `…:salt-secret`.

    Raises:
        InvalidInput: a demand is malformed or contradicts another, or there is no reason.
    """
    salts: dict[str, str] = {}
    asked_by: dict[str, str] = {}
    for demand in demands:
        names, mode = _demand(demand)
        for name in names:
            for field in CLOSURE[name]:
                if salts.setdefault(field, mode) != mode:
                    raise InvalidInput(
                        f"expected one way of withholding {field!r}, found both salt-public and "
                        f"salt-secret: {asked_by[field]!r} and {name!r} tell the same text, "
                        "withhold both in the same way"
                    )
                asked_by.setdefault(field, name)
    if not salts:
        raise InvalidInput("expected something to withhold, found nothing; leave --withhold out")
    return Withholding(salts, _reason(reason), allow_overlap)


def closed_over_measurements(withholding: Withholding, segments: Sequence[Segment]) -> Withholding:
    """Return a withholding that also hides the examined texts of the items whose texts it hides.

    A log without measurements is withheld as before. Field names are shared by all kinds, so that
    the log-probabilities of answers stay behind with those of the items.
    """
    modes = {withholding.salts.get(field) for field in (*_PROMPT, "reference")} - {None}
    measured = any(
        shard.group.startswith("measure-") for segment in segments for shard in segment.shards
    )
    if not modes or not measured:
        return withholding
    mode = SECRET if SECRET in modes else PUBLIC
    examined = dict.fromkeys(_EXAMINED, mode)
    return replace(withholding, salts={**examined, **withholding.salts})


def withheld_ledger(
    ledger: Path,
    withholding: Withholding,
    into: Path,
    *,
    candidates: Sequence[Member] = (),
    encodings: Sequence[str] = (),
    on_records: Callable[[int], None] = lambda records: None,
) -> Redaction:
    """Write the ledger's public part without what is withheld into an empty folder.

    Log, shards, signatures, keys and plans are copied byte for byte; openings are reduced, and
    `ledger.duckdb` is built from what is left. The statement about it and the built projection are
    kept in `ledger`, so that publishing again gives the same bytes.

    Args:
        ledger: the ledger folder, verified before.
        withholding: what is withheld.
        into: an empty folder; a ledger folder afterwards.
        candidates: further files meant for publication; those that show withheld texts are named
            in the statement and must be left out.
        encodings: encodings that the candidates may be written in besides UTF-8.
        on_records: called with numbers of records that were read; twice over the whole log.

    Raises:
        InvalidInput: what would stay repeats withheld texts, and that was not accepted; or the
            ledger holds no such field.
        ProjectionMismatch: the projection kept from an earlier publication was changed.
        Busy: a commit is going on.
        StorageFailed: the file system refused.
    """
    from reprollm.withholding.redaction import redact
    from reprollm.withholding.reduced import copy_reduced, projected
    from reprollm.withholding.survey import survey

    if into.exists() and any(into.iterdir()):
        raise InvalidInput(f"expected an empty folder at {into}, found files in it")
    with reading(ledger):
        checkpoints = read_checkpoints(ledger)
        segments = acknowledged(read_segments(ledger), checkpoints)
        if not segments:
            raise InvalidInput(f"expected a log in {ledger}, found none; commit the ledger first")
        withholding = closed_over_measurements(withholding, segments)
        found = survey(ledger, segments, withholding, candidates, encodings, on_records)
        redaction = redact(ledger, checkpoints[-1], withholding, found)
        copy_reduced(ledger, segments, withholding, into)
        projected(ledger, segments, checkpoints, redaction.name, into)
    return redaction


def _demand(demand: str) -> tuple[list[str], str]:
    listed, colon, mode = demand.rpartition(":")
    names = [name.strip() for name in listed.split(",")]
    if not colon or mode not in _MODES:
        raise InvalidInput(
            f"expected FIELD[,FIELD…]:salt-public or FIELD[,FIELD…]:salt-secret, found {demand!r}; "
            "for example --withhold prompt,reference:salt-public"
        )
    for name in names:
        if name not in CLOSURE:
            part = next((field for field, closed in CLOSURE.items() if name in closed), None)
            hint = f"; it is withheld together with {part!r}" if part else ""
            raise InvalidInput(
                f"expected fields among {', '.join(sorted(CLOSURE))}, found {name!r}{hint}"
            )
    return names, _MODES[mode]


def _reason(reason: str | None) -> str:
    if reason is None or not reason.strip():
        raise InvalidInput(
            "expected a reason for withholding, found none; give one with --reason, for example "
            '--reason "the texts are under copyright"'
        )
    if not reason.isprintable() or len(reason) > 2000:
        raise InvalidInput("expected a reason of one line of at most 2000 characters, found other")
    return reason.strip()

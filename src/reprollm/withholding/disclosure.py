"""A later opening of single items: what was withheld, shown to whoever is to be convinced.

A disclosure is a file of canonical lines as openings files hold them, one for each record:

    {"leaf":"…","openings":[{"field":"output","salt":"…","text":"…"}]}

It needs nothing but the log it was withheld from: the leaf names the record, the record holds the
commitment, and salt and text open it or do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import loads_object
from reprollm.errors import CommitmentMismatch, InvalidInput, LeafMismatch
from reprollm.ledger.identities import untrue
from reprollm.ledger.segments import acknowledged, positions, read_checkpoints, read_segments
from reprollm.records.arrays import floats_from_bytes, ids_from_bytes
from reprollm.records.commitment import Opening
from reprollm.records.entries import Entry, check_entry, entries
from reprollm.records.kinds import COMMITTED
from reprollm.records.merkle import leaf_hash
from reprollm.records.sealed import TEXT_FIELDS, openings_line, parse_openings_line
from reprollm.records.shard import ShardReference, read_lines

_FLOATS = frozenset({"logprobs", "margins", "means", "deviations"})


@dataclass(frozen=True)
class Disclosed:
    """One value that opens its commitment in the log.

    Attributes:
        position: the record's place in the log, from 0.
        kind: the record's kind.
        request: the request id that the record names, hex; None for an imported sample.
        field: the field that was opened.
        value: its bytes.
    """

    position: int
    kind: str
    request: str | None
    field: str
    value: bytes

    def text(self) -> str:
        """Return the value for people: the text as it is, or its numbers; not yet made harmless."""
        if self.field in TEXT_FIELDS:
            return self.value.decode("utf-8")
        if self.field in _FLOATS:
            return " ".join(f"{number:.6g}" for number in floats_from_bytes(self.value))
        return " ".join(map(str, ids_from_bytes(self.value)))


def disclose(ledger: Path, at: Iterable[int], fields: Sequence[str] = ()) -> list[bytes]:
    """Return the lines that open the records at some positions, in log order.

    Args:
        ledger: the ledger that holds the openings.
        at: positions of records.
        fields: only these fields; all that are opened without any.

    Raises:
        InvalidInput: a field is unknown, there is no such record, or it has no such opening here.
    """
    known = sorted({field for committed in COMMITTED.values() for field in committed})
    if unknown := sorted(set(fields) - set(known)):
        raise InvalidInput(f"expected fields among {', '.join(known)}, found {unknown[0]!r}")
    lines = []
    for position in sorted(set(at)):
        leaf, openings = _openings_at(ledger, position)
        chosen = [opening for opening in openings if not fields or opening.field in fields]
        if chosen:
            lines.append(openings_line(leaf, chosen))
    if not lines:
        what = ", ".join(fields) or "any field"
        raise InvalidInput(
            f"expected openings of {what} in {ledger} for this record, found none; it commits to "
            "no such text, or the text is withheld here too: disclose from the original ledger"
        )
    return lines


def check_disclosure(ledger: Path, lines: Iterable[bytes]) -> list[Disclosed]:
    """Return what the lines of a disclosure open in the log of `ledger`, in log order.

    The log itself is taken as verified; each opening is checked against its record's commitment,
    and token ids against request and result ids.

    Args:
        ledger: a ledger folder, as a rule one with withheld texts.
        lines: the file's lines without their line ends.

    Raises:
        InvalidInput: a line is not in canonical form, or opens nothing.
        LeafMismatch: no record of the log has the leaf that a line names, or an id is not that of
            the opened token ids.
        CommitmentMismatch: a salt or value is not the one that was committed to.
    """
    disclosed: dict[str, list[Opening]] = {}
    for line in lines:
        leaf, openings = _disclosed(line)
        if disclosed.setdefault(leaf, openings) is not openings:
            raise InvalidInput(f"expected each record once, found leaf {leaf[:16]}… again")
    if not disclosed:
        raise InvalidInput("expected a disclosure of at least one line, found an empty file")
    found: list[Disclosed] = []
    for position, leaf, line in _leaves(ledger):
        if leaf in disclosed:
            found += _checked(position, line, disclosed.pop(leaf))
            if not disclosed:
                return found
    raise LeafMismatch(
        f"expected a record with leaf {next(iter(disclosed))} in the log of {ledger}, found none; "
        "the disclosure is of another ledger, or of a record that was changed"
    )


def read_disclosure(path: Path) -> list[bytes]:
    """Return the lines of a disclosure.

    Raises:
        InvalidInput: the file cannot be read, or a line is too long or has no end.
    """
    try:
        return list(read_lines(path))
    except OSError as error:
        raise InvalidInput(f"could not read the disclosure {path}: {error.strerror}") from None


def _disclosed(line: bytes) -> tuple[str, list[Opening]]:
    leaf, found = parse_openings_line(line)
    openings = [item for item in found if isinstance(item, Opening)]
    if len(openings) != len(found) or not openings:
        raise InvalidInput(
            f"expected texts in the disclosure of leaf {leaf[:16]}…, found a salt without its text"
        )
    if len({opening.field for opening in openings}) != len(openings):
        raise InvalidInput(f"expected each field once for leaf {leaf[:16]}…, found one twice")
    return leaf, openings


def _checked(position: int, line: bytes, openings: Sequence[Opening]) -> Iterator[Disclosed]:
    record = loads_object(line)
    by_field = {opening.field: opening for opening in openings}
    try:
        check_entry(Entry(line, leaf_hash(line), record, by_field, {}))
    except CommitmentMismatch as error:
        raise CommitmentMismatch(f"record {position} ({record['kind']}): {error}") from None
    if wrong := untrue(record, by_field):
        raise LeafMismatch(f"record {position} ({record['kind']}): {wrong}")
    for opening in openings:
        yield Disclosed(
            position, record["kind"], record.get("request"), opening.field, opening.value
        )


def _openings_at(ledger: Path, position: int) -> tuple[str, list[Opening]]:
    for first, shard in _shards(ledger):
        if first <= position < first + shard.records:
            for place, (line, openings) in enumerate(entries(ledger, shard), start=first):
                if place == position:
                    return leaf_hash(line).hex(), list(openings.values())
    raise InvalidInput(f"expected a record of the log of {ledger}, found no position {position}")


def _leaves(ledger: Path) -> Iterator[tuple[int, str, bytes]]:
    for first, shard in _shards(ledger):
        for place, line in enumerate(read_lines(shard.path(ledger)), start=first):
            yield place, leaf_hash(line).hex(), line


def _shards(ledger: Path) -> Iterator[tuple[int, ShardReference]]:
    return positions(acknowledged(read_segments(ledger), read_checkpoints(ledger)))

"""All signatures and time stamps of a ledger, each judged against the checkpoint of its size.

Nothing is believed for lying there: a signature must be over the very three lines of a checkpoint
that the log has, and hold under the key beside it. Whether that key is the author's, and whether
the authority's root is one to trust, nobody can tell from the folder; so both are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reprollm import errors
from reprollm.errors import InvalidInput, ReprollmError, SignatureMismatch, TimeStampMismatch
from reprollm.ledger.report import Problem
from reprollm.records.checkpoint import Checkpoint
from reprollm.signing import note, sshsig, stamp
from reprollm.signing.note_key import parse_verifier_key
from reprollm.signing.ssh_key import parse_line
from reprollm.signing.store import SUFFIXES, Place, note_place, parse_place, ssh_place, stamp_place

_LIMIT = 1024 * 1024
_UNFINISHED = ".tmp-"


@dataclass(frozen=True)
class Signer:
    """Who signed which checkpoint.

    Attributes:
        kind: `note`, `ssh` or `rfc3161`.
        name: the note key's name, the SSH key's fingerprint, or the authority's subject.
        size: number of records of the checkpoint.
        key: the verifier key, the SSH public key's line, or the SHA-256 of the authority's root.
        time: when the authority saw it (RFC 3339, UTC); None for signatures, which tell no time.
        remark: what a hardware key says of its user, else empty.
    """

    kind: str
    name: str
    size: int
    key: str
    time: str | None = None
    remark: str = ""

    def to_json(self) -> dict[str, str | int | None]:
        """Return the signer as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Judged:
    """Who signed, in the order of sizes and kinds; what does not hold; what a reader should know.

    A problem's defect is `SignatureMismatch` or `TimeStampMismatch`.
    """

    signers: tuple[Signer, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]

    def require(self) -> None:
        """Raise the first problem as the error that it names; do nothing where all holds."""
        for problem in self.problems[:1]:
            error: type[ReprollmError] = getattr(errors, problem.defect)
            raise error(problem.sentence)


def judge(ledger: Path, checkpoints: Sequence[Checkpoint]) -> Judged:
    """Return what the files in `signatures/` and `keys/` of a ledger are worth.

    Args:
        ledger: the ledger folder.
        checkpoints: all checkpoints of its log.
    """
    by_size = {checkpoint.size: checkpoint for checkpoint in checkpoints}
    signers, problems, used = [], list(_signed_in_place(checkpoints)), set()
    places = []
    for name in _names(ledger / "signatures"):
        place = parse_place(name)
        if place is None:
            problems.append(_problem(SignatureMismatch(
                f"signatures/{name}: expected names <size>.<key>.note, .sshsig or .tsr"
            )))  # fmt: skip
        else:
            places.append(place)
    for place in sorted(places):
        used.add(place.key_path(ledger).name)
        try:
            signers.append(_judge_one(ledger, place, by_size))
        except (SignatureMismatch, TimeStampMismatch) as error:
            problems.append(_problem(error))
    unused = [name for name in _names(ledger / "keys") if name not in used]
    notices = tuple(f"keys/{name} is used by no signature" for name in unused)
    return Judged(tuple(signers), tuple(problems), notices)


def read_note(ledger: Path, place: Place) -> note.SignedNote:
    """Return a stored note that `judge` has found to hold."""
    return note.parse(_read(place.path(ledger)))


def _judge_one(ledger: Path, place: Place, by_size: dict[int, Checkpoint]) -> Signer:
    """Return whose signature a file is; its errors begin with the file's name."""
    failure = TimeStampMismatch if place.kind == "tsr" else SignatureMismatch
    name = place.path(ledger).relative_to(ledger).as_posix()
    try:
        checkpoint = by_size.get(place.size)
        if checkpoint is None:
            raise InvalidInput(f"expected a checkpoint over {place.size} records, found none")
        signature, key = _read(place.path(ledger)), _read(place.key_path(ledger))
        return _JUDGES[place.kind](place, checkpoint, signature, key)
    except ReprollmError as error:
        raise failure(f"{name}: {error}") from None


def _judge_note(place: Place, checkpoint: Checkpoint, signature: bytes, key: bytes) -> Signer:
    verifier = parse_verifier_key(_only_line(key))
    _require_name(place, note_place(checkpoint, verifier))
    signed = note.parse(signature)
    if signed.text != checkpoint.body():
        raise SignatureMismatch(
            f"expected the three lines of the checkpoint over {checkpoint.size} records as the "
            "note's text, found another text"
        )
    if len(signed.signatures) != 1:
        raise SignatureMismatch(f"expected one signature line, found {len(signed.signatures)}")
    note.verify(signed, [verifier])
    return Signer("note", verifier.name, place.size, verifier.text())


def _judge_ssh(place: Place, checkpoint: Checkpoint, signature: bytes, key: bytes) -> Signer:
    public = parse_line(_only_line(key))
    if public.line() != _only_line(key):
        raise InvalidInput("expected an SSH public key without a comment in its key file")
    _require_name(place, ssh_place(checkpoint, public))
    text = checkpoint.body().encode()
    verified = sshsig.verify(signature, text, sshsig.CHECKPOINT_NAMESPACE)
    if verified.key != public:
        raise SignatureMismatch(
            f"expected a signature of {public.fingerprint}, found one of {verified.key.fingerprint}"
        )
    return Signer("ssh", public.fingerprint, place.size, public.line(), remark=verified.remark)


def _judge_stamp(place: Place, checkpoint: Checkpoint, signature: bytes, key: bytes) -> Signer:
    _require_name(place, stamp_place(checkpoint, key))
    if stamp.write_chain(stamp.parse_chain(key)) != key:
        raise InvalidInput("expected nothing but certificates in the authority's chain")
    found = stamp.verify(signature, key, checkpoint.body().encode())
    return Signer("rfc3161", found.authority, place.size, found.root, found.time)


_JUDGES: dict[str, Callable[[Place, Checkpoint, bytes, bytes], Signer]] = {
    "note": _judge_note,
    "sshsig": _judge_ssh,
    "tsr": _judge_stamp,
}


def _require_name(place: Place, expected: Place) -> None:
    if place != expected:
        raise InvalidInput(
            f"expected keys/{place.key}.{SUFFIXES[place.kind]} to hold the key of its name, found "
            f"that of {expected.key}"
        )


def _signed_in_place(checkpoints: Sequence[Checkpoint]) -> Iterator[Problem]:
    for checkpoint in checkpoints:
        if checkpoint.signatures:
            yield _problem(SignatureMismatch(
                f"log/{checkpoint.size:012d}.checkpoint: expected three lines and signatures in "
                "signatures/, found signature lines in the checkpoint itself, which nobody judges"
            ))  # fmt: skip


def _problem(error: ReprollmError) -> Problem:
    return Problem(type(error).__name__, str(error))


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = (path.name for path in folder.iterdir())
    return sorted(name for name in found if not name.startswith(_UNFINISHED))


def _read(path: Path) -> bytes:
    name = f"{path.parent.name}/{path.name}"
    if path.is_symlink() or not path.is_file():
        raise InvalidInput(f"expected a plain file {name}, found none")
    with path.open("rb") as file:
        content = file.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise InvalidInput(f"expected at most {_LIMIT} bytes in {name}")
    return content


def _only_line(content: bytes) -> str:
    """Return the one line of a key file without its line end."""
    try:
        line, end, rest = content.decode("utf-8").partition("\n")
    except UnicodeDecodeError:
        line = end = rest = ""
    if not end or rest:
        raise InvalidInput("expected one line that ends in the key file")
    return line

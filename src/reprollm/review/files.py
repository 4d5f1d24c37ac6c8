"""Level 0: a bundle's files are those that its author listed, signed, and planned with.

What is checked here needs no knowledge of records: the list and the files, the note over the list,
its signatures, the stand-alone verifiers, and the statement of withholding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reprollm.bundles.statement import NOTE, SSHSIG, SUMS, UNLISTED
from reprollm.canon import loads_object
from reprollm.errors import FileChanged, InvalidInput, NotCanonical, SignatureMismatch
from reprollm.review.levels import FILES, Findings, Signer
from reprollm.review.released import RELEASED, release_of
from reprollm.review.sums import Statement, parse_note, parse_sums
from reprollm.review.unpacked import Unpacked
from reprollm.withholding.redaction import FILE as REDACTION
from reprollm.withholding.redaction import SCHEMA

_SMALL_BYTES = 1024 * 1024
_SHOWN = 5


@dataclass(frozen=True)
class Withheld:
    """What a statement of withholding says.

    Attributes:
        fields: the withheld fields.
        values: number of commitments of the log that are not opened.
        left_out: SHA-256 by path of files that were left out for what they hold.
        reason: why, in the publisher's words.
    """

    fields: frozenset[str]
    values: int
    left_out: Mapping[str, str]
    reason: str


@dataclass(frozen=True)
class FilesChecked:
    """What level 0 found, and what later levels need of it.

    Attributes:
        findings: the level's.
        signers: signatures over the bundle that hold.
        statement: what the bundle's note says, where it can be read.
        withheld: what the statement of withholding says, where there is one.
    """

    findings: Findings
    signers: tuple[Signer, ...]
    statement: Statement | None
    withheld: Withheld | None


def check_files(unpacked: Unpacked) -> FilesChecked:
    """Return what holds of a bundle's files, and what does not."""
    findings = Findings(FILES)
    for error in unpacked.damaged:
        findings.wrong(type(error).__name__, str(error))
    _check_list(unpacked, findings)
    statement = _statement(unpacked, findings)
    signers = _signatures(unpacked, statement, findings)
    _check_verifiers(unpacked, findings)
    withheld = _withheld(unpacked, statement, bool(signers), findings)
    return FilesChecked(findings, tuple(signers), statement, withheld)


def _check_list(unpacked: Unpacked, findings: Findings) -> None:
    """Compare the files with `SHA256SUMS`, in both directions."""
    if SUMS not in unpacked.digests:
        findings.wrong("FileMissing", f"expected {SUMS}, found none; the bundle is not whole")
        return
    try:
        listed = parse_sums((unpacked.root / SUMS).read_bytes())
    except FileChanged as error:
        findings.wrong("FileChanged", str(error))
        return
    found = {path: sha for path, sha in unpacked.digests.items() if path not in UNLISTED}
    for path in _some(listed.keys() - found.keys()):
        findings.wrong("FileMissing", f"expected {path}, which {SUMS} lists, found none")
    for path in _some(found.keys() - listed.keys()):
        findings.wrong("FileUnexpected", f"found {path}, which {SUMS} does not list")
    damaged = " ".join(map(str, unpacked.damaged))
    for path in _some(p for p in listed.keys() & found.keys() if listed[p] != found[p]):
        if f"{path} is not what" not in damaged:
            findings.wrong(
                "FileChanged",
                f"expected {path} to hash to {listed[path]}, as {SUMS} says, found {found[path]}",
            )
    findings.checked.append(f"{len(found)} files are just those that {SUMS} lists, byte for byte")


def _statement(unpacked: Unpacked, findings: Findings) -> Statement | None:
    """Return what the note says, once it is found to be over this `SHA256SUMS`."""
    content = _small(unpacked, NOTE)
    if content is None:
        findings.wrong("FileMissing", f"expected {NOTE}, found none; nothing binds the files")
        return None
    try:
        statement = parse_note(content)
    except FileChanged as error:
        findings.wrong("FileChanged", str(error))
        return None
    found = unpacked.digests.get(SUMS)
    if found != statement.sums:
        findings.wrong(
            "FileChanged",
            f"expected {SUMS} to hash to {statement.sums}, as {NOTE} says, found {found}",
        )
    else:
        findings.checked.append(f"{NOTE} names this list and this log")
    return statement


def _signatures(
    unpacked: Unpacked, statement: Statement | None, findings: Findings
) -> list[Signer]:
    """Return whose signatures over the bundle hold."""
    signers: list[Signer] = []
    if statement is None:
        return signers
    for judge in (_note_signers, _ssh_signers):
        try:
            signers += judge(unpacked, statement)
        except (SignatureMismatch, InvalidInput) as error:
            findings.wrong("SignatureMismatch", str(error))
    if signers:
        findings.checked.append(f"{len(signers)} signatures over the bundle hold")
    else:
        findings.unchecked.append(
            "nobody signed the bundle: whoever handed it on could have changed it and made "
            f"{SUMS} and {NOTE} anew"
        )
    return signers


def _note_signers(unpacked: Unpacked, statement: Statement) -> Iterator[Signer]:
    from reprollm.signing import note
    from reprollm.signing.note_key import parse_verifier_key

    if not statement.signed:
        return
    lines = _key_lines(unpacked, ".vkey")
    signed = note.parse((unpacked.root / NOTE).read_bytes())
    for key in note.verify(signed, map(parse_verifier_key, lines)).keys:
        yield Signer("note", key.name, statement.size, key.text(), "bundle")


def _ssh_signers(unpacked: Unpacked, statement: Statement) -> Iterator[Signer]:
    from reprollm.signing import sshsig

    content = _small(unpacked, SSHSIG)
    if content is None:
        return
    key = sshsig.verify(content, statement.text.encode(), sshsig.BUNDLE_NAMESPACE).key
    if key.line() not in _key_lines(unpacked, ".pub"):
        raise SignatureMismatch(
            f"{SSHSIG}: expected a signature of a key in ledger/keys, found one of "
            f"{key.fingerprint}"
        )
    yield Signer("ssh", key.fingerprint, statement.size, key.line(), "bundle")


def _key_lines(unpacked: Unpacked, suffix: str) -> list[str]:
    """Return the public keys that lie in the ledger, each as its line."""
    found = []
    for path in sorted(unpacked.digests):
        if path.startswith("ledger/keys/") and path.endswith(suffix):
            content = _small(unpacked, path) or b""
            found.append(content.decode("utf-8", "replace").removesuffix("\n"))
    return found


def _check_verifiers(unpacked: Unpacked, findings: Findings) -> None:
    from reprollm import __version__

    held = []
    for name in RELEASED:
        found = unpacked.digests.get(name)
        release = found and release_of(name, found)
        if found is None:
            findings.wrong("FileMissing", f"expected {name}, found none; the bundle is not whole")
        elif release is None:
            findings.wrong(
                "FileChanged",
                f"expected a released {name}, found one with SHA-256 {found}, which this reprollm "
                f"({__version__}) does not know; do not run it, it may say anything",
            )
        else:
            held.append(f"{name} of release {release}")
    if held:
        findings.checked.append("; ".join(held))


def _withheld(
    unpacked: Unpacked, statement: Statement | None, signed: bool, findings: Findings
) -> Withheld | None:
    """Return what the bundle says it withholds."""
    content = _small(unpacked, REDACTION)
    if content is None:
        return None
    try:
        said = loads_object(content.removesuffix(b"\n"))
        withheld = Withheld(
            frozenset(str(entry["field"]) for entry in said["withheld"]),
            int(said["values"]),
            {str(file["path"]): str(file["sha256"]) for file in said["left_out"]},
            str(said["reason"]),
        )
        log = said["origin"], said["size"], said["root"]
        if said["schema"] != SCHEMA or not isinstance(said["reason"], str):
            raise InvalidInput(f"expected a statement of withholding, found {said['schema']!r}")
    except (NotCanonical, InvalidInput, KeyError, TypeError, ValueError) as error:
        findings.wrong("FileChanged", f"{REDACTION} is no statement of withholding: {error}")
        return None
    if statement and log != (statement.origin, statement.size, statement.root.hex()):
        findings.wrong("FileChanged", f"{REDACTION} speaks of another log than {NOTE}")
    if not signed:
        findings.wrong(
            "SignatureMismatch",
            f"expected {REDACTION}, a statement of withholding, to be signed with the bundle, "
            "found no signature that holds",
        )
    findings.checked.append(f"withheld by statement: {', '.join(sorted(withheld.fields))}")
    return withheld


def _small(unpacked: Unpacked, path: str) -> bytes | None:
    """Return a file's content, or None where there is no such file; refuse a large one."""
    if path not in unpacked.digests:
        return None
    with (unpacked.root / path).open("rb") as file:
        return file.read(_SMALL_BYTES)


def _some(paths: Iterable[str]) -> Iterator[str]:
    """Yield the first few paths in order, and one line for the others."""
    ordered = sorted(paths)
    yield from ordered[:_SHOWN]
    if len(ordered) > _SHOWN:
        yield f"{ordered[_SHOWN]} and {len(ordered) - _SHOWN - 1} more"

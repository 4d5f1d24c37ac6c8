"""Signed notes: a text, an empty line, and signature lines (C2SP signed-note).

    <text, its last line ended>

    — <key name> <base64(key id || signature)>

The text is what is signed, with its last line end and without the empty line. Where a note is read,
its signatures are split off at its last empty line ("Format"). A line of a key that nobody named is
kept and told, never judged; a line of a known key must hold ("Signatures").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reprollm.errors import SignatureMismatch
from reprollm.signing import strict64
from reprollm.signing.note_key import SIGNATURE_BYTES, SigningKey, VerifierKey

MAX_SIGNATURES = 64
MAX_BYTES = 1024 * 1024
_ID_BYTES = 4
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)\Z")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: the key's name.
        key_id: the key's id, 4 bytes.
        signature: what the key made of the text; 64 bytes for Ed25519.
    """

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line without its line end."""
        return f"\u2014 {self.name} {strict64.encode(self.key_id + self.signature)}"


@dataclass(frozen=True)
class SignedNote:
    """A text and the signature lines under it, in order, unjudged."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def content(self) -> str:
        """Return the whole note."""
        return self.text + "\n" + "".join(f"{item.line()}\n" for item in self.signatures)


@dataclass(frozen=True)
class Verified:
    """Which known keys have signed a note, and which lines are of keys that nobody named."""

    keys: tuple[VerifierKey, ...]
    unknown: tuple[NoteSignature, ...]


def sign(text: str, *keys: SigningKey) -> SignedNote:
    """Return `text` signed with each of `keys`."""
    body = text.encode()
    lines = ((key.verifier(), key.sign(body)) for key in keys)
    made = tuple(NoteSignature(key.name, key.key_id, value) for key, value in lines)
    return parse(SignedNote(text, made).content().encode())


def parse(content: bytes) -> SignedNote:
    """Return the note that `content` is, accepting no other spelling of it.

    Raises:
        SignatureMismatch: it is no signed note; the message names what is wrong.
    """
    text = _text_of(content)
    body, empty, tail = text.rpartition("\n\n")
    if not empty:
        raise SignatureMismatch("expected an empty line before a note's signatures, found none")
    lines = tail[:-1].split("\n")
    if lines == [""]:
        raise SignatureMismatch("expected a signature line at the end of a note, found none")
    if len(lines) > MAX_SIGNATURES:
        raise SignatureMismatch(f"expected at most {MAX_SIGNATURES} signatures under a note")
    signatures = tuple(map(parse_line, lines))
    seen: set[tuple[str, bytes]] = set()
    for item in signatures:
        if (item.name, item.key_id) in seen:
            raise SignatureMismatch(
                f"expected one signature line a key, found two of {item.name!r} with the key id "
                f"{item.key_id.hex()}"
            )
        seen.add((item.name, item.key_id))
    return SignedNote(body + "\n", signatures)


def parse_line(line: str) -> NoteSignature:
    """Return the signature that a line (without its line end) holds.

    Raises:
        SignatureMismatch: it is no signature line.
    """
    match = _LINE.match(line)
    if not match:
        raise SignatureMismatch(
            f"expected a signature line '\u2014 name base64', found {line[:120]!r}"
        )
    try:
        value = strict64.decode(match[2])
    except ValueError as error:
        raise SignatureMismatch(f"signature line of {match[1]!r}: {error}") from None
    if len(value) <= _ID_BYTES:
        raise SignatureMismatch(
            f"expected a key id of 4 bytes and a signature in the line of {match[1]!r}, found "
            f"{len(value)} bytes"
        )
    return NoteSignature(match[1], value[:_ID_BYTES], value[_ID_BYTES:])


def verify(signed: SignedNote, keys: Iterable[VerifierKey]) -> Verified:
    """Return which of `keys` have signed the note.

    Raises:
        SignatureMismatch: a line of a known key does not hold, or no known key has signed.
    """
    verified = judge(signed, keys)
    if not verified.keys:
        found = ", ".join(f"{item.name} ({item.key_id.hex()})" for item in signed.signatures)
        raise SignatureMismatch(f"expected a signature of a known key, found only {found}")
    return verified


def judge(signed: SignedNote, keys: Iterable[VerifierKey]) -> Verified:
    """Return what `verify` does, also where no known key has signed.

    Raises:
        SignatureMismatch: a line of a known key does not hold.
    """
    known = {(key.name, key.key_id): key for key in keys}
    body = signed.text.encode()
    good, unknown = [], []
    for item in signed.signatures:
        key = known.get((item.name, item.key_id))
        if key is None:
            unknown.append(item)
            continue
        _require(key, item, body)
        good.append(key)
    return Verified(tuple(good), tuple(unknown))


def _require(key: VerifierKey, item: NoteSignature, body: bytes) -> None:
    who = f"{key.name!r} with the key id {key.key_id.hex()}"
    if len(item.signature) != SIGNATURE_BYTES:
        raise SignatureMismatch(
            f"expected an Ed25519 signature of {SIGNATURE_BYTES} bytes of {who}, found "
            f"{len(item.signature)}"
        )
    if not key.verifies(item.signature, body):
        raise SignatureMismatch(
            f"expected a signature of {who} over the note's text, found one that is not; text or "
            "signature was changed, or another key made it"
        )


def _text_of(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise SignatureMismatch(f"expected a note of at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise SignatureMismatch("expected a note in UTF-8, found other bytes") from None
    control = _CONTROL.search(text)
    if control:
        raise SignatureMismatch(
            f"expected no control characters in a note, found {control[0]!r} at character "
            f"{control.start()}"
        )
    if not text.endswith("\n"):
        raise SignatureMismatch("expected a note whose last line ends, found one cut off")
    return text

"""SSH signatures over a text (OpenSSH's PROTOCOL.sshsig), checked without `ssh-keygen`.

    byte[6]  "SSHSIG"
    uint32   1
    string   public key
    string   namespace
    string   reserved, empty
    string   hash algorithm, sha512
    string   signature

What is signed is "SSHSIG" and, as strings, namespace, reserved, hash algorithm, and the text's
hash. In a file the blob is base64 in lines between two lines of armor. The namespace says what a
signature was made for, so that one made for a mail or a commit is none for a checkpoint.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reprollm.errors import InvalidInput, SignatureMismatch
from reprollm.signing import strict64
from reprollm.signing.ssh_key import SshKey, from_blob
from reprollm.signing.wire import Reader, pack

CHECKPOINT_NAMESPACE = "reprollm-checkpoint@v1"
BUNDLE_NAMESPACE = "reprollm-bundle@v1"
MAX_BYTES = 64 * 1024
_MAGIC = b"SSHSIG"
_VERSION = 1
_HASH = "sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_LINE_LIMIT = 76


@dataclass(frozen=True)
class SshSignature:
    """A signature as its blob holds it, unjudged."""

    key: SshKey
    namespace: str
    signature: bytes


@dataclass(frozen=True)
class Verified:
    """Whose signature it is, and what a hardware key says of its user (else empty)."""

    key: SshKey
    remark: str


def verify(content: bytes, text: bytes, namespace: str) -> Verified:
    """Return whose signature an armored file is, over `text` and made for `namespace`.

    Raises:
        SignatureMismatch: it is none; the message names what is wrong.
    """
    found = parse(content)
    if found.namespace != namespace:
        raise SignatureMismatch(
            f"expected a signature made for {namespace!r}, found one for {found.namespace!r}"
        )
    return Verified(found.key, found.key.check(found.signature, signed_bytes(text, namespace)))


def signed_bytes(text: bytes, namespace: str) -> bytes:
    """Return what a key signs for `text` (PROTOCOL.sshsig, section 3)."""
    parts = (namespace.encode(), b"", _HASH.encode(), hashlib.sha512(text).digest())
    return _MAGIC + b"".join(map(pack, parts))


def parse(content: bytes) -> SshSignature:
    """Return the signature of an armored file, accepting no other spelling of it.

    Raises:
        SignatureMismatch: it is no SSH signature, or one of a kind that is not accepted.
    """
    try:
        return _parse_blob(_unarmor(content))
    except (ValueError, InvalidInput) as error:
        raise SignatureMismatch(f"expected an SSH signature: {error}") from None


def _parse_blob(blob: bytes) -> SshSignature:
    reader = Reader(blob)
    if reader.take(len(_MAGIC), "the mark SSHSIG") != _MAGIC:
        raise ValueError("expected the mark SSHSIG at its start, found something else")
    version = reader.uint32("the version")
    if version != _VERSION:
        raise ValueError(f"expected version {_VERSION}, found {version}")
    key = from_blob(reader.string("the public key"))
    namespace = reader.text("the namespace")
    if reader.string("the reserved part"):
        raise ValueError("expected nothing in the reserved part, found bytes")
    algorithm = reader.text("the hash algorithm")
    if algorithm != _HASH:
        raise ValueError(f"expected the hash {_HASH}, found {algorithm!r}")
    signature = reader.string("the signature")
    reader.end("the signature")
    return SshSignature(key, namespace, signature)


def _unarmor(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes, found {len(content)}")
    if not content.isascii():
        raise ValueError("expected ASCII text, found other bytes")
    lines = content.decode("ascii").split("\n")
    if lines[0] != _BEGIN:
        raise ValueError(f"expected the first line {_BEGIN}, found {lines[0][:80]!r}")
    if lines[-2:] != [_END, ""]:
        raise ValueError(f"expected {_END} as the last line, ended, found {lines[-1][:80]!r}")
    encoded = lines[1:-2]
    if any(not 0 < len(line) <= _LINE_LIMIT for line in encoded):
        raise ValueError(f"expected lines of 1 to {_LINE_LIMIT} characters of base64")
    if len({len(line) for line in encoded[:-1]}) > 1:
        raise ValueError("expected lines of one length, but for the last, found several")
    return strict64.decode("".join(encoded))

"""Keys of signed notes: Ed25519, signature type 0x01 (C2SP signed-note, "Verifier keys").

    verifier key   <name>+<key id>+<base64(0x01 || public key)>
    signing key    PRIVATE+KEY+<name>+<key id>+<base64(0x01 || seed)>

The key id is the first four bytes of SHA-256(name || 0x0A || 0x01 || public key), eight hex digits.
Both are the spelling of Go's `golang.org/x/mod/sumdb/note`, so that keys can be used there too.
Public key and seed are 32 bytes (RFC 8032, section 5.1.5).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from reprollm.errors import InvalidInput
from reprollm.signing import strict64

ALGORITHM = b"\x01"
KEY_BYTES = 32
SIGNATURE_BYTES = 64
_NAME_LIMIT = 200
_PRIVATE = "PRIVATE+KEY+"
_KEY = re.compile(r"([^+]*)\+([0-9a-f]{8})\+(.*)\Z", re.DOTALL)
_REFUSED_IN_NAMES = re.compile(r"[\s+\x00-\x1f\x7f]")


@dataclass(frozen=True)
class VerifierKey:
    """A public note key.

    Attributes:
        name: what the key is called in signature lines.
        public: the Ed25519 public key, 32 bytes.
    """

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand for the key in a signature line."""
        body = self.name.encode() + b"\n" + ALGORITHM + self.public
        return hashlib.sha256(body).digest()[:4]

    def text(self) -> str:
        """Return the key as one line without a line end."""
        return f"{self.name}+{self.key_id.hex()}+{strict64.encode(ALGORITHM + self.public)}"

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """Return whether `signature` (64 bytes) is the key's over `text` (RFC 8032, 5.1.7)."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private note key; its seed is never part of a message, a log or a `repr`.

    Attributes:
        name: what the key is called in signature lines.
        seed: the Ed25519 private key, 32 bytes.
    """

    name: str
    seed: bytes = field(repr=False)

    def verifier(self) -> VerifierKey:
        """Return the public half."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """Return the signature over `text`, 64 bytes (RFC 8032, section 5.1.6)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)

    def text(self) -> str:
        """Return the key as one line without a line end; it is a secret."""
        secret = strict64.encode(ALGORITHM + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier().key_id.hex()}+{secret}"


def new_signing_key(name: str | None = None) -> SigningKey:
    """Return a fresh key; without a name it is named by its own public half.

    Raises:
        InvalidInput: the name cannot stand in a signature line.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    own = hashlib.sha256(private.public_key().public_bytes_raw()).hexdigest()[:16]
    return SigningKey(check_name(name or f"reprollm/{own}"), private.private_bytes_raw())


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key that a line (without its line end) holds.

    Raises:
        InvalidInput: it is no verifier key, or its id is not that of its name and bytes.
    """
    name, key_id, value = _parts(text, "a verifier key name+id+base64")
    key = VerifierKey(name, value)
    _check_id(key, key_id)
    return key


def parse_signing_key(text: str) -> SigningKey:
    """Return the private key that a line (without its line end) holds.

    Raises:
        InvalidInput: it is no private note key; the message shows nothing of it.
    """
    if not text.startswith(_PRIVATE):
        raise InvalidInput(f"expected a private note key that begins with {_PRIVATE}")
    try:
        name, key_id, value = _parts(text.removeprefix(_PRIVATE), "a key")
    except InvalidInput:
        raise InvalidInput(f"expected {_PRIVATE}name+id+base64 as the private note key") from None
    key = SigningKey(name, value)
    _check_id(key.verifier(), key_id)
    return key


def check_name(name: str) -> str:
    """Return `name` where it can name a key (C2SP signed-note, "Format").

    Raises:
        InvalidInput: it is empty, too long, or holds white space, a plus sign or a control.
    """
    if not name or len(name) > _NAME_LIMIT or _REFUSED_IN_NAMES.search(name):
        raise InvalidInput(
            f"expected a key name of 1 to {_NAME_LIMIT} characters without spaces, plus signs and "
            f"controls, such as example.org/jane-doe, found {name[:80]!r}"
        )
    return name


def _parts(text: str, what: str) -> tuple[str, str, bytes]:
    match = _KEY.match(text)
    if not match:
        raise InvalidInput(f"expected {what}, found {text[:120]!r}")
    name, key_id, encoded = match.groups()
    try:
        value = strict64.decode(encoded)
    except ValueError as error:
        raise InvalidInput(f"expected {what}: {error}") from None
    if value[:1] != ALGORITHM:
        raise InvalidInput(f"expected an Ed25519 key (type 0x01), found type 0x{value[:1].hex()}")
    if len(value) != 1 + KEY_BYTES:
        raise InvalidInput(f"expected a key of {KEY_BYTES} bytes, found {len(value) - 1}")
    return check_name(name), key_id, value[1:]


def _check_id(key: VerifierKey, key_id: str) -> None:
    if key.key_id.hex() != key_id:
        raise InvalidInput(
            f"expected the key id {key.key_id.hex()} for the key of {key.name!r}, found {key_id}; "
            "the line was changed or mistyped"
        )

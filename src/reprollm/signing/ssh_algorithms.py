"""The algorithms of SSH keys: reading a key's blob, and checking a signature blob of it.

Every number has the length that it must have, nothing follows the last one, and a signature names
the algorithm that its key can make. `ValueError` says what else was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reprollm.signing.wire import Reader

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve

_RSA_BITS = range(2048, 16384 + 1)
_RSA_HASHES = {"rsa-sha2-256": "SHA256", "rsa-sha2-512": "SHA512"}
_CURVES = {"nistp256": ("SECP256R1", "SHA256"), "nistp384": ("SECP384R1", "SHA384"),
           "nistp521": ("SECP521R1", "SHA512")}  # fmt: skip
_PRESENT = 0x01
_VERIFIED = 0x04
_NOT_OVER_TEXT = "expected a signature over this text, found one that is not; text or signature "
_NOT_OVER_TEXT += "was changed, or another key made it"


class Algorithm(Protocol):
    """A public key that can check signatures."""

    def check(self, signature: bytes, text: bytes) -> str:
        """Return a remark on the signature blob; raise `ValueError` where it does not hold."""


def algorithm_of(blob: bytes) -> Algorithm:
    """Return the key that a blob holds; raise `ValueError` for any other blob."""
    reader = Reader(blob)
    kind = reader.text("the key's type")
    read = _KINDS.get(kind)
    if read is None:
        raise ValueError(f"expected a key of type {', '.join(_KINDS)}, found {kind!r}")
    key = read(kind, reader)
    reader.end("the key")
    return key


@dataclass(frozen=True)
class _Ed25519:
    kind: str
    public: bytes

    def check(self, signature: bytes, text: bytes) -> str:
        reader = _open(signature, (self.kind,))
        value = reader.exactly(64, "an Ed25519 signature")
        reader.end("the signature")
        _verify_ed25519(self.public, value, text)
        return ""


@dataclass(frozen=True)
class _Rsa:
    exponent: int
    modulus: int

    def check(self, signature: bytes, text: bytes) -> str:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        name = Reader(signature).text("the signature's algorithm")
        if name == "ssh-rsa":
            raise ValueError("expected rsa-sha2-256 or rsa-sha2-512, found ssh-rsa, which is SHA-1")
        reader = _open(signature, tuple(_RSA_HASHES))
        value = reader.exactly((self.modulus.bit_length() + 7) // 8, "an RSA signature")
        reader.end("the signature")
        key = rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key()
        try:
            key.verify(value, text, padding.PKCS1v15(), _hash(_RSA_HASHES[name]))
        except InvalidSignature:
            raise ValueError(_NOT_OVER_TEXT) from None
        return ""


@dataclass(frozen=True)
class _Ecdsa:
    kind: str
    curve: str
    point: bytes

    def check(self, signature: bytes, text: bytes) -> str:
        reader = _open(signature, (self.kind,))
        value = reader.string("an ECDSA signature")
        reader.end("the signature")
        _verify_ecdsa(self.curve, self.point, value, text)
        return ""


@dataclass(frozen=True)
class _Hardware:
    """A key in a security key; `verify` checks what it signed besides the text."""

    kind: str
    application: bytes
    verify: Callable[[bytes, bytes], None]

    def check(self, signature: bytes, text: bytes) -> str:
        reader = _open(signature, (self.kind,))
        value = reader.string("a signature")
        flags, counter = reader.byte("flags"), reader.take(4, "a counter")
        reader.end("the counter")
        if not flags & _PRESENT:
            raise ValueError(
                f"expected the flag of user presence (0x01), found flags 0x{flags:02x}: nobody "
                "touched the security key"
            )
        application = hashlib.sha256(self.application).digest()
        signed = application + bytes([flags]) + counter + hashlib.sha256(text).digest()
        self.verify(value, signed)
        pin = ", user verified by PIN or finger" if flags & _VERIFIED else ""
        return f"security key, touched by its user{pin}"


def _read_ed25519(kind: str, reader: Reader) -> Algorithm:
    return _Ed25519(kind, reader.exactly(32, "an Ed25519 key"))


def _read_rsa(kind: str, reader: Reader) -> Algorithm:
    exponent, modulus = reader.positive("the exponent"), reader.positive("the modulus")
    if modulus.bit_length() not in _RSA_BITS:
        raise ValueError(
            f"expected an RSA key of {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits, found "
            f"{modulus.bit_length()}"
        )
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64 or modulus % 2 == 0:
        raise ValueError("expected an RSA key with odd modulus and a small odd exponent")
    return _Rsa(exponent, modulus)


def _read_ecdsa(kind: str, reader: Reader) -> Algorithm:
    curve, point = _read_point(kind.removeprefix("ecdsa-sha2-"), reader)
    return _Ecdsa(kind, curve, point)


def _read_hardware_ed25519(kind: str, reader: Reader) -> Algorithm:
    public = reader.exactly(32, "an Ed25519 key")

    def verify(value: bytes, signed: bytes) -> None:
        if len(value) != 64:
            raise ValueError(f"expected 64 bytes as an Ed25519 signature, found {len(value)}")
        _verify_ed25519(public, value, signed)

    return _Hardware(kind, reader.string("the application"), verify)


def _read_hardware_ecdsa(kind: str, reader: Reader) -> Algorithm:
    curve, point = _read_point("nistp256", reader)

    def verify(value: bytes, signed: bytes) -> None:
        _verify_ecdsa(curve, point, value, signed)

    return _Hardware(kind, reader.string("the application"), verify)


_KINDS: Mapping[str, Callable[[str, Reader], Algorithm]] = {
    "ssh-ed25519": _read_ed25519,
    "ssh-rsa": _read_rsa,
    "ecdsa-sha2-nistp256": _read_ecdsa,
    "ecdsa-sha2-nistp384": _read_ecdsa,
    "ecdsa-sha2-nistp521": _read_ecdsa,
    "sk-ssh-ed25519@openssh.com": _read_hardware_ed25519,
    "sk-ecdsa-sha2-nistp256@openssh.com": _read_hardware_ecdsa,
}


def _read_point(expected: str, reader: Reader) -> tuple[str, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    curve = reader.text("the curve")
    if curve != expected:
        raise ValueError(f"expected the curve {expected}, found {curve!r}")
    point = reader.string("the point")
    if point[:1] != b"\x04":
        raise ValueError("expected an uncompressed point of the curve")
    try:
        EllipticCurvePublicKey.from_encoded_point(_curve(curve), point)
    except ValueError:
        raise ValueError(f"expected a point of the curve {curve}, found none") from None
    return curve, point


def _open(signature: bytes, allowed: tuple[str, ...]) -> Reader:
    reader = Reader(signature)
    name = reader.text("the signature's algorithm")
    if name not in allowed:
        raise ValueError(f"expected a signature by {' or '.join(allowed)}, found {name!r}")
    return reader


def _verify_ed25519(public: bytes, value: bytes, text: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, text)
    except InvalidSignature:
        raise ValueError(_NOT_OVER_TEXT) from None


def _verify_ecdsa(curve: str, point: bytes, value: bytes, text: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    reader = Reader(value)
    numbers = reader.positive("r"), reader.positive("s")
    reader.end("the numbers r and s")
    key = ec.EllipticCurvePublicKey.from_encoded_point(_curve(curve), point)
    try:
        key.verify(encode_dss_signature(*numbers), text, ec.ECDSA(_hash(_CURVES[curve][1])))
    except InvalidSignature:
        raise ValueError(_NOT_OVER_TEXT) from None


def _curve(name: str) -> EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    curve: EllipticCurve = getattr(ec, _CURVES[name][0])()
    return curve


def _hash(name: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    algorithm: hashes.HashAlgorithm = getattr(hashes, name)()
    return algorithm

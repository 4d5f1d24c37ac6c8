"""SSH public keys, and what they have signed (RFC 4253, section 6.6).

| key type | signatures | source |
| --- | --- | --- |
| `ssh-ed25519` | `ssh-ed25519` | RFC 8709 |
| `ssh-rsa`, 2048 to 16384 bits | `rsa-sha2-512`, `rsa-sha2-256` | RFC 8332 |
| `ecdsa-sha2-nistp256`, `-384`, `-521` | the same name | RFC 5656, sections 3.1 |
| `sk-ssh-ed25519@openssh.com` | the same name | OpenSSH's PROTOCOL.u2f |
| `sk-ecdsa-sha2-nistp256@openssh.com` | the same name | OpenSSH's PROTOCOL.u2f |

The last two live in hardware: what they sign is the hash of their application, a byte of flags, a
counter, and the hash of the text. Its flag of user presence must be set: someone touched the key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reprollm.errors import InvalidInput, SignatureMismatch
from reprollm.signing import strict64
from reprollm.signing.ssh_algorithms import Algorithm, algorithm_of
from reprollm.signing.wire import Reader

_LIMIT = 16 * 1024


@dataclass(frozen=True)
class SshKey:
    """A public key, known by its blob (RFC 4253, section 6.6)."""

    blob: bytes

    @property
    def kind(self) -> str:
        """The key's type, for example `ssh-ed25519`."""
        return Reader(self.blob).text("the key's type")

    @property
    def fp16(self) -> str:
        """The first 16 hex digits of the blob's SHA-256: how files of this key are named."""
        return hashlib.sha256(self.blob).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """The fingerprint as `ssh-keygen -l` shows it."""
        return "SHA256:" + strict64.encode(hashlib.sha256(self.blob).digest()).rstrip("=")

    def line(self) -> str:
        """Return the key as OpenSSH writes it, without comment and line end."""
        return f"{self.kind} {strict64.encode(self.blob)}"

    def check(self, signature: bytes, text: bytes) -> str:
        """Check a signature blob (algorithm and value) over `text`.

        Returns:
            What a hardware key says of its user, else an empty text.

        Raises:
            SignatureMismatch: the signature is not the key's over this text.
        """
        algorithm = _algorithm(self.blob)
        try:
            return algorithm.check(signature, text)
        except ValueError as error:
            raise SignatureMismatch(f"signature of the SSH key {self.fingerprint}: {error}") from (
                None
            )


def from_blob(blob: bytes) -> SshKey:
    """Return the key of a blob.

    Raises:
        InvalidInput: the blob is no public key of a known type.
    """
    _algorithm(blob)
    return SshKey(blob)


def parse_line(line: str) -> SshKey:
    """Return the key of one line of a `.pub` file; a comment behind it is ignored.

    Raises:
        InvalidInput: the line holds no public key of a known type.
    """
    parts = line.split(" ", 2)
    if len(line) > _LIMIT or len(parts) < 2:
        raise InvalidInput(f"expected an SSH public key 'type base64', found {line[:80]!r}")
    try:
        key = from_blob(strict64.decode(parts[1]))
    except ValueError as error:
        raise InvalidInput(f"expected an SSH public key: {error}") from None
    if key.kind != parts[0]:
        raise InvalidInput(f"expected a key of type {parts[0]!r}, found one of {key.kind!r}")
    return key


def _algorithm(blob: bytes) -> Algorithm:
    try:
        if len(blob) > _LIMIT:
            raise ValueError(f"expected at most {_LIMIT} bytes, found {len(blob)}")
        return algorithm_of(blob)
    except ValueError as error:
        raise InvalidInput(f"SSH public key: {error}") from None

"""SSH keys and signatures: real ones by `ssh-keygen`, and hardware ones played by hand.

This machine has no security key. What one does is small and fixed by OpenSSH's PROTOCOL.u2f: it
signs the hash of its application, flags, a counter and the hash of the text. So it is done here
with `cryptography`, and `ssh-keygen -Y check-novalidate` says that OpenSSH itself takes the result.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TYPES = {
    "ssh-ed25519": ("ed25519", ""),
    "ssh-rsa": ("rsa", "2048"),
    "ecdsa-sha2-nistp256": ("ecdsa", "256"),
    "ecdsa-sha2-nistp384": ("ecdsa", "384"),
    "ecdsa-sha2-nistp521": ("ecdsa", "521"),
}
APPLICATION = b"ssh:"


def make_key(path: Path, kind: str, passphrase: str = "") -> Path:
    """Make a key with `ssh-keygen` and return the private file."""
    name, bits = TYPES[kind]
    size = ["-b", bits] if bits else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", name, *size, "-N", passphrase, "-C", "a comment", "-f", path],
        check=True,
    )
    return path


def accepts(signature: bytes, text: bytes, namespace: str, folder: Path) -> bool:
    """Return whether OpenSSH holds `signature` for one over `text`."""
    file = folder / f"{hashlib.sha256(signature).hexdigest()[:16]}.sig"
    file.write_bytes(signature)
    command = ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", str(file)]
    return subprocess.run(command, input=text, capture_output=True, check=False).returncode == 0


@contextmanager
def agent(folder: Path, key: Path) -> Iterator[None]:
    """Run an agent that holds `key`, known to this process by its socket."""
    socket = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    before = os.environ.get("SSH_AUTH_SOCK")
    os.environ["SSH_AUTH_SOCK"] = str(socket)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        subprocess.run(["ssh-add", "-q", key], check=True)
        yield
    finally:
        process.terminate()
        process.communicate()
        del os.environ["SSH_AUTH_SOCK"]
        if before is not None:
            os.environ["SSH_AUTH_SOCK"] = before


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def armor(blob: bytes) -> bytes:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(
        ["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]
    ).encode()


def unarmor(content: bytes) -> bytes:
    return base64.b64decode("".join(content.decode().splitlines()[1:-1]))


def signature_blob(
    key: bytes,
    signature: bytes,
    *,
    magic: bytes = b"SSHSIG",
    version: int = 1,
    namespace: bytes = b"test@v1",
    reserved: bytes = b"",
    algorithm: bytes = b"sha512",
) -> bytes:
    head = magic + version.to_bytes(4, "big")
    return head + b"".join(map(string, (key, namespace, reserved, algorithm, signature)))


def signed_data(
    text: bytes, namespace: bytes = b"test@v1", reserved: bytes = b"", algorithm: str = "sha512"
) -> bytes:
    """What PROTOCOL.sshsig, section 3, has a key sign; written here a second time."""
    message = hashlib.new(algorithm, text).digest()
    parts = (namespace, reserved, algorithm.encode(), message)
    return b"SSHSIG" + b"".join(map(string, parts))


class HardwareEd25519:
    """A security key with an Ed25519 key in it."""

    kind = b"sk-ssh-ed25519@openssh.com"

    def __init__(self) -> None:
        self._private = ed25519.Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.blob = string(self.kind) + string(public) + string(APPLICATION)

    def sign(self, data: bytes, flags: int = 1, counter: int = 7) -> bytes:
        tail = bytes([flags]) + counter.to_bytes(4, "big")
        return string(self.kind) + string(self._raw(_hardware_data(data, tail))) + tail

    def _raw(self, data: bytes) -> bytes:
        return self._private.sign(data)


class HardwareEcdsa:
    """A security key with a P-256 key in it."""

    kind = b"sk-ecdsa-sha2-nistp256@openssh.com"

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        parts = (self.kind, b"nistp256", point, APPLICATION)
        self.blob = b"".join(map(string, parts))

    def sign(self, data: bytes, flags: int = 1, counter: int = 7) -> bytes:
        tail = bytes([flags]) + counter.to_bytes(4, "big")
        der = self._private.sign(_hardware_data(data, tail), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        return string(self.kind) + string(mpint(r) + mpint(s)) + tail


def _hardware_data(data: bytes, tail: bytes) -> bytes:
    return hashlib.sha256(APPLICATION).digest() + tail + hashlib.sha256(data).digest()

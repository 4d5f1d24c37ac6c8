"""SSH public keys are read strictly and named as OpenSSH names them."""

import base64
import subprocess
from pathlib import Path

import pytest

from reprollm.errors import InvalidInput
from reprollm.signing.ssh_key import from_blob, parse_line
from signing import ssh


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_a_key_has_the_fingerprint_that_openssh_shows(ssh_keys: dict[str, Path], kind: str) -> None:
    public = ssh_keys[kind].with_suffix(".pub")
    key = parse_line(public.read_text().rstrip("\n"))
    shown = subprocess.run(["ssh-keygen", "-l", "-f", public], capture_output=True, text=True)
    assert key.fingerprint in shown.stdout.split()
    assert key.line() == public.read_text().rsplit(" a comment", 1)[0]
    assert from_blob(key.blob) == key


ED = ssh.HardwareEd25519().blob
ECDSA = ssh.HardwareEcdsa().blob
NISTP256 = ssh.string(b"ecdsa-sha2-nistp256") + ssh.string(b"nistp256")


def rsa(e: int, n: int) -> bytes:
    return ssh.string(b"ssh-rsa") + ssh.mpint(e) + ssh.mpint(n)


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (b"", "found the end of the data"),
        (ssh.string(b"ssh-ed25519") + ssh.string(bytes(31)), "expected 32 bytes as an Ed25519 key"),
        (ssh.string(b"ssh-ed25519") + ssh.string(bytes(33)), "expected 32 bytes as an Ed25519 key"),
        (ssh.string(b"ssh-ed25519") + ssh.string(bytes(32)) + b"\0", "nothing after the key"),
        (ssh.string(b"\x1b[2J"), "expected printable ASCII"),
        (ED[:-1], "found the end of the data"),
        (ECDSA.replace(b"nistp256\0", b"nistp384\0"), "expected"),
        (NISTP256 + ssh.string(b"\x04" + bytes(64)), "expected a point of the curve"),
        (NISTP256 + ssh.string(b"\x02" + bytes(32)), "expected an uncompressed point"),
        (NISTP256 + ssh.string(b""), "expected an uncompressed point"),
        (ssh.string(b"ecdsa-sha2-nistp256") + ssh.string(b"nistp384"), "expected the curve"),
        (rsa(65537, 2**2046 + 1), "expected an RSA key of 2048 to 16384 bits, found 2047"),
        (rsa(65537, 2**16384 + 1), "found 16385"),
        (rsa(65536, 2**2047 + 1), "odd exponent"),
        (rsa(1, 2**2047 + 1), "odd exponent"),
        (rsa(65537, 2**2047), "odd modulus"),
        (rsa(2**65 + 1, 2**2047 + 1), "small odd exponent"),
        (ssh.string(b"ssh-rsa") + ssh.string(b"\x00\x01\x00\x01"), "in its shortest form"),
        (ssh.string(b"ssh-rsa") + ssh.string(b"\x81"), "expected a positive number"),
        (bytes(20_000), "expected at most"),
    ],
)
def test_a_damaged_key_is_refused_for_its_own_reason(blob: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        from_blob(blob)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "expected an SSH public key"),
        ("ssh-ed25519", "expected an SSH public key"),
        ("ssh-ed25519 AAAA=", "expected base64"),
        (f"ssh-rsa {base64.b64encode(ED).decode()}", "expected a key of type 'ssh-rsa'"),
        (f"ssh-ed25519 {'A' * 20_000}", "expected an SSH public key"),
    ],
)
def test_a_damaged_line_is_refused(line: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_line(line)

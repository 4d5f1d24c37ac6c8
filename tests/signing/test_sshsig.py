"""SSH signatures of every type of key hold without `ssh-keygen`, and each defect is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reprollm.errors import SignatureMismatch
from reprollm.signing import ssh_keygen
from reprollm.signing.ssh_key import parse_line
from reprollm.signing.sshsig import parse, verify
from signing import ssh

TEXT = b"a log\n12\nroot\n"
NAMESPACE = "test@v1"


def signed(key: Path) -> bytes:
    return ssh_keygen.sign(TEXT, key, NAMESPACE)


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_a_signature_of_every_type_of_key_holds(ssh_keys: dict[str, Path], kind: str) -> None:
    found = verify(signed(ssh_keys[kind]), TEXT, NAMESPACE)
    assert found.key == parse_line(ssh_keys[kind].with_suffix(".pub").read_text().rstrip("\n"))
    assert (found.key.kind, found.remark) == (kind, "")


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_a_signature_of_every_type_is_bound_to_its_text(
    ssh_keys: dict[str, Path], kind: str
) -> None:
    with pytest.raises(SignatureMismatch, match="text or signature was changed"):
        verify(signed(ssh_keys[kind]), TEXT + b"\n", NAMESPACE)


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_no_flipped_bit_of_a_signature_blob_goes_unseen(
    ssh_keys: dict[str, Path], kind: str
) -> None:
    blob = ssh.unarmor(signed(ssh_keys[kind]))
    key = parse(ssh.armor(blob)).key
    for at in range(0, len(blob), 7):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(SignatureMismatch):
            assert verify(ssh.armor(changed), TEXT, NAMESPACE).key == key, at


def test_a_signature_for_another_purpose_is_none_for_this(ssh_keys: dict[str, Path]) -> None:
    with pytest.raises(SignatureMismatch, match="expected a signature made for 'git'"):
        verify(signed(ssh_keys["ssh-ed25519"]), TEXT, "git")


def test_another_key_in_the_signature_is_found(ssh_keys: dict[str, Path], tmp_path: Path) -> None:
    other = parse(signed(ssh.make_key(tmp_path / "other", "ssh-ed25519"))).key
    signature = parse(signed(ssh_keys["ssh-ed25519"])).signature
    with pytest.raises(SignatureMismatch, match="another key made it"):
        verify(ssh.armor(ssh.signature_blob(other.blob, signature)), TEXT, NAMESPACE)


@pytest.mark.parametrize("device", [ssh.HardwareEd25519, ssh.HardwareEcdsa])
@pytest.mark.parametrize(
    ("flags", "remark"), [(0x01, "touched"), (0x05, "user verified"), (0x09, "touched")]
)
def test_a_security_key_s_signature_holds_and_tells_of_its_user(
    device: type[ssh.HardwareEd25519 | ssh.HardwareEcdsa], flags: int, remark: str, tmp_path: Path
) -> None:
    key = device()
    blob = ssh.signature_blob(key.blob, key.sign(ssh.signed_data(TEXT), flags))
    assert ssh.accepts(ssh.armor(blob), TEXT, NAMESPACE, tmp_path)
    found = verify(ssh.armor(blob), TEXT, NAMESPACE)
    assert found.key.blob == key.blob
    assert remark in found.remark


@pytest.mark.parametrize("device", [ssh.HardwareEd25519, ssh.HardwareEcdsa])
@pytest.mark.parametrize("flags", [0x00, 0x04, 0xFE])
def test_a_security_key_that_nobody_touched_is_refused(
    device: type[ssh.HardwareEd25519 | ssh.HardwareEcdsa], flags: int
) -> None:
    key = device()
    blob = ssh.signature_blob(key.blob, key.sign(ssh.signed_data(TEXT), flags))
    with pytest.raises(SignatureMismatch, match="nobody touched the security key"):
        verify(ssh.armor(blob), TEXT, NAMESPACE)


@pytest.mark.parametrize("device", [ssh.HardwareEd25519, ssh.HardwareEcdsa])
def test_flags_and_counter_of_a_security_key_are_signed_too(
    device: type[ssh.HardwareEd25519 | ssh.HardwareEcdsa],
) -> None:
    key = device()
    signature = key.sign(ssh.signed_data(TEXT))
    for changed in (
        signature[:-5] + b"\x05" + signature[-4:],
        signature[:-1] + bytes([signature[-1] ^ 1]),
    ):
        with pytest.raises(SignatureMismatch, match="text or signature was changed"):
            verify(ssh.armor(ssh.signature_blob(key.blob, changed)), TEXT, NAMESPACE)
    for cut, reason in (
        (signature[:-1], "expected 4 bytes of a counter"),
        (signature + b"\x00", "expected nothing after the counter"),
    ):
        with pytest.raises(SignatureMismatch, match=reason):
            verify(ssh.armor(ssh.signature_blob(key.blob, cut)), TEXT, NAMESPACE)


def rsa_key(bits: int, exponent: int = 65537) -> tuple[bytes, rsa.RSAPrivateKey]:
    private = rsa.generate_private_key(exponent, bits)
    numbers = private.public_key().public_numbers()
    return ssh.string(b"ssh-rsa") + ssh.mpint(numbers.e) + ssh.mpint(numbers.n), private


def rsa_blob(private: rsa.RSAPrivateKey, name: bytes, hash_: hashes.HashAlgorithm) -> bytes:
    value = private.sign(ssh.signed_data(TEXT), padding.PKCS1v15(), hash_)
    return ssh.string(name) + ssh.string(value)


def test_rsa_with_sha_1_is_refused_and_with_sha_256_taken(ssh_keys: dict[str, Path]) -> None:
    private = serialization.load_ssh_private_key(ssh_keys["ssh-rsa"].read_bytes(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    key = parse(signed(ssh_keys["ssh-rsa"])).key
    good = rsa_blob(private, b"rsa-sha2-256", hashes.SHA256())
    assert verify(ssh.armor(ssh.signature_blob(key.blob, good)), TEXT, NAMESPACE).key == key
    old = rsa_blob(private, b"ssh-rsa", hashes.SHA1())
    with pytest.raises(SignatureMismatch, match="found ssh-rsa, which is SHA-1"):
        verify(ssh.armor(ssh.signature_blob(key.blob, old)), TEXT, NAMESPACE)
    lying = rsa_blob(private, b"rsa-sha2-512", hashes.SHA256())
    with pytest.raises(SignatureMismatch, match="text or signature was changed"):
        verify(ssh.armor(ssh.signature_blob(key.blob, lying)), TEXT, NAMESPACE)


def test_a_short_rsa_key_is_refused() -> None:
    blob, private = rsa_key(1024)
    signature = rsa_blob(private, b"rsa-sha2-512", hashes.SHA512())
    with pytest.raises(SignatureMismatch, match="expected an RSA key of 2048 to 16384 bits"):
        verify(ssh.armor(ssh.signature_blob(blob, signature)), TEXT, NAMESPACE)


ED = ssh.HardwareEd25519()
GOOD = ED.sign(ssh.signed_data(TEXT))


def blob(**changes: object) -> bytes:
    return ssh.signature_blob(ED.blob, GOOD, **changes)  # type: ignore[arg-type]


def sha256_blob() -> bytes:
    data = ssh.signed_data(TEXT, algorithm="sha256")
    return ssh.signature_blob(ED.blob, ED.sign(data), algorithm=b"sha256")


def reserved_blob() -> bytes:
    data = ssh.signed_data(TEXT, reserved=b"x")
    return ssh.signature_blob(ED.blob, ED.sign(data), reserved=b"x")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (blob(magic=b"SSHSIH"), "expected the mark SSHSIG"),
        (blob(version=2), "expected version 1, found 2"),
        (blob(version=0), "expected version 1, found 0"),
        (reserved_blob(), "expected nothing in the reserved part"),
        (sha256_blob(), "expected the hash sha512, found 'sha256'"),
        (blob(algorithm=b"md5"), "expected the hash sha512, found 'md5'"),
        (blob(namespace=b"\xff"), "expected printable ASCII as the namespace"),
        (blob()[:-1], "found the end of the data"),
        (blob()[:8], "found the end of the data"),
        (blob()[:3], "found the end of the data"),
        (b"", "expected"),
        (blob() + b"\x00", "expected nothing after the signature, found 1 more bytes"),
        (ssh.signature_blob(ED.blob + b"\x00", GOOD), "expected nothing after the key"),
        (ssh.signature_blob(ED.blob[:-1], GOOD), "found the end of the data"),
        (ssh.signature_blob(ssh.string(b"ssh-dss"), GOOD), "expected a key of type"),
        (
            ssh.signature_blob(ssh.string(b"ssh-ed25519-cert-v01@openssh.com"), GOOD),
            "expected a key of type",
        ),
        (ssh.signature_blob(ED.blob, ssh.string(b"ssh-ed25519") + GOOD[30:]), "expected a signat"),
        (ssh.signature_blob(ED.blob, b""), "found the end of the data"),
    ],
)
def test_a_damaged_blob_is_refused_for_its_own_reason(content: bytes, reason: str) -> None:
    assert verify(ssh.armor(blob()), TEXT, NAMESPACE).key.blob == ED.blob
    with pytest.raises(SignatureMismatch, match=reason):
        verify(ssh.armor(content), TEXT, NAMESPACE)


ARMORED = ssh.armor(blob()).decode()
LINES = ARMORED.splitlines()


def lines(*changed: str) -> bytes:
    return "".join(f"{line}\n" for line in changed).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected the first line"),
        (ARMORED[:-1].encode(), "as the last line"),
        (ARMORED.encode() + b"\n", "as the last line"),
        (LINES[0].encode(), "as the last line"),
        (lines(LINES[0]), "as the last line"),
        (b"\n" + ARMORED.encode(), "expected the first line"),
        (ARMORED.replace("\n", "\r\n").encode(), "expected the first line"),
        (lines(*LINES[:-2], LINES[-2] + " ", LINES[-1]), "expected base64"),
        (lines(LINES[0], "", *LINES[1:]), "expected lines of 1 to 76"),
        (lines(LINES[0], "".join(LINES[1:-1]), LINES[-1]), "expected lines of 1 to 76"),
        (lines(LINES[0], LINES[1][:10], LINES[1][10:], *LINES[2:]), "expected lines of one length"),
        (ARMORED.replace("SIGNATURE", "SIGNATUR\u00c9").encode(), "expected ASCII"),
        (b"x" * (64 * 1024 + 1), "expected at most"),
    ],
)
def test_a_damaged_armor_is_refused_for_its_own_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SignatureMismatch, match=reason):
        parse(content)


def ecdsa(kind: str, key: bytes, value: bytes) -> bytes:
    return ssh.armor(ssh.signature_blob(key, ssh.string(kind.encode()) + ssh.string(value)))


def test_numbers_of_an_ecdsa_signature_have_one_spelling(ssh_keys: dict[str, Path]) -> None:
    kind = "ecdsa-sha2-nistp256"
    found = parse(signed(ssh_keys[kind]))
    value = found.signature[4 + len(kind) + 4 :]
    assert verify(ecdsa(kind, found.key.blob, value), TEXT, NAMESPACE).key == found.key
    size = int.from_bytes(value[:4], "big")
    r, s = value[4 : 4 + size], value[8 + size :]
    for changed, reason in (
        (ssh.string(b"\x00" + r) + ssh.string(s), "in its shortest form as r"),
        (ssh.string(r) + ssh.string(b"\x00" + s), "in its shortest form as s"),
        (ssh.string(b"") + ssh.string(s), "expected a positive number"),
        (ssh.string(b"\xff" + r[1:]) + ssh.string(s), "expected a positive number"),
        (ssh.string(r) + ssh.string(s) + b"\x00", "nothing after the numbers r and s"),
        (ssh.string(r), "found the end of the data"),
        (ssh.string(s) + ssh.string(r), "text or signature was changed"),
    ):
        with pytest.raises(SignatureMismatch, match=reason):
            verify(ecdsa(kind, found.key.blob, changed), TEXT, NAMESPACE)


def test_what_is_signed_is_what_the_protocol_says() -> None:
    from reprollm.signing.sshsig import signed_bytes

    assert signed_bytes(TEXT, NAMESPACE) == ssh.signed_data(TEXT)
    assert hashlib.sha512(TEXT).digest() in signed_bytes(TEXT, NAMESPACE)

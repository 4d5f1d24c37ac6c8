"""The stand-alone verifier's own cryptography, against standards, OpenSSH and OpenSSL."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.records.checkpoint import Checkpoint
from reprollm.review import verify
from reprollm.signing import note, ssh_keygen, sshsig, stamp, store
from reprollm.signing.note_key import SigningKey
from review.forging import Log, bundle, honest, seal
from review.test_verify_py import defects, judged
from signing import ssh
from signing.authorities import Authority, make_authority

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_ed25519_accepts_the_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    parts = [bytes.fromhex(part) for part in (public, signature, message)]
    assert verify.ed25519_verifies(*parts)
    for place in range(3):
        changed = [bytearray(part) for part in parts]
        changed[place] += b"\0" * (not changed[place])
        changed[place][0] ^= 1
        assert not verify.ed25519_verifies(*map(bytes, changed))


def test_ed25519_accepts_one_spelling_of_a_signature() -> None:
    public, message, signature = (bytes.fromhex(part) for part in RFC_8032[2])
    s = int.from_bytes(signature[32:], "little")
    malleable = signature[:32] + (s + ORDER).to_bytes(32, "little")
    assert not verify.ed25519_verifies(public, malleable, message)
    for wrong in (signature[:-1], signature + b"\0", b"", bytes(64), b"\xff" * 64):
        assert not verify.ed25519_verifies(public, wrong, message)


@pytest.mark.parametrize(
    "public",
    [
        (2**255 - 19).to_bytes(32, "little"),  # y = p, another spelling of 0
        (2**255 - 18).to_bytes(32, "little"),  # y = p + 1
        (1 | 1 << 255).to_bytes(32, "little"),  # x = 0 with a sign
        (2).to_bytes(32, "little"),  # no point of the curve
        bytes(31),
        b"",
    ],
    ids=["y=p", "y=p+1", "signed zero", "off the curve", "short", "empty"],
)
def test_ed25519_refuses_bytes_that_are_no_point(public: bytes) -> None:
    assert not verify.ed25519_verifies(public, bytes(64), b"")


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 511))
def test_ed25519_agrees_with_openssl(message: bytes, bit: int) -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(message).digest())
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify.ed25519_verifies(public, signature, message)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not verify.ed25519_verifies(public, bytes(changed), message)


CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


@pytest.mark.parametrize("name", CURVES)
def test_ecdsa_agrees_with_openssl(name: str) -> None:
    curve, algorithm = CURVES[name]
    own = verify.CURVES[name]
    for number in range(4):
        message = bytes([number]) * number
        private = ec.derive_private_key(number + 1, curve)
        point = _point(private)
        r, s = decode_dss_signature(private.sign(message, ec.ECDSA(algorithm)))
        assert verify.ecdsa_verifies(name, point, r, s, message)
        assert verify.ecdsa_verifies(name, point, r, own.n - s, message)
        for wrong in (
            (r ^ 1, s), (r, s ^ 1), (r + own.n, s), (r, s + own.n), (0, s), (r, 0), (-r, s),
            (own.n, s), (r, own.n), (1, 1),
        ):  # fmt: skip
            assert not verify.ecdsa_verifies(name, point, *wrong, message)
        assert not verify.ecdsa_verifies(name, point, r, s, message + b"x")


@pytest.mark.parametrize("name", CURVES)
def test_ecdsa_refuses_points_off_the_curve_and_other_spellings(name: str) -> None:
    private = ec.derive_private_key(7, CURVES[name][0])
    point = _point(private)
    r, s = decode_dss_signature(private.sign(b"", ec.ECDSA(CURVES[name][1])))
    compressed = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    off = bytearray(point)
    off[-1] ^= 1
    for wrong in (compressed, bytes(off), b"\x00", b"\x04" + bytes(len(point) - 1), point + b"\0"):
        assert not verify.ecdsa_verifies(name, wrong, r, s, b"")


def _point(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_rsa_compares_the_whole_encoding(name: str, private: rsa.RSAPrivateKey) -> None:
    numbers = private.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    algorithm = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[name]
    signature = private.sign(b"text", padding.PKCS1v15(), algorithm)
    assert verify.rsa_verifies(n, e, signature, name, b"text")
    assert not verify.rsa_verifies(n, e, signature, name, b"other")
    info = verify._DIGEST_INFO[name] + verify.hashlib.new(name, b"text").digest()
    null_left_out = info[:1] + bytes([info[1] - 2]) + info[2:3] + bytes([info[3] - 2])
    null_left_out += info[4:15] + info[17:]
    for encoded in (
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + bytes(256 - 11 - len(info)),
        b"\x00\x01" + b"\xff" * (252 - len(info)) + b"\xfe\x00" + info,
        b"\x00\x02" + b"\xff" * (253 - len(info)) + b"\x00" + info,
        b"\x00\x01" + b"\xff" * (253 - len(null_left_out)) + b"\x00" + null_left_out,
    ):
        assert len(encoded) == 256
        forged = pow(int.from_bytes(encoded, "big"), numbers.d, n).to_bytes(256, "big")
        assert not verify.rsa_verifies(n, e, forged, name, b"text")
    larger = int.from_bytes(signature, "big") + n
    for wrong in (signature[:-1], b"\0" + signature, bytes(256)):
        assert not verify.rsa_verifies(n, e, wrong, name, b"text")
    if larger < 2**2048:
        assert not verify.rsa_verifies(n, e, larger.to_bytes(256, "big"), name, b"text")


def test_rsa_refuses_short_and_even_keys(private: rsa.RSAPrivateKey) -> None:
    n = private.private_numbers().public_numbers.n
    for modulus, exponent in ((n >> 1024 | 1, 65537), (n, 1), (n, 65536), (n - 1, 65537)):
        size = (modulus.bit_length() + 7) // 8
        assert not verify.rsa_verifies(modulus, exponent, b"\0" * (size - 1) + b"\1", "sha256", b"")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {kind: ssh.make_key(folder / kind, kind) for kind in ssh.TYPES}


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_a_signature_of_ssh_keygen_holds_and_no_other(kind: str, made: dict[str, Path]) -> None:
    signature = ssh_keygen.sign(b"a text", made[kind], "test@v1")
    line = made[kind].with_name(f"{kind}.pub").read_text().strip()
    assert verify.sshsig_key(signature, b"a text", b"test@v1") == verify.parse_ssh_key(line)
    blob = ssh.unarmor(signature)
    assert _refused(signature, b"another text", b"test@v1")
    assert _refused(signature, b"a text", b"other@v1")
    assert _refused(signature.replace(b"\n", b"\r\n"), b"a text", b"test@v1")
    for place in (3, 9, 12, len(blob) - 1, len(blob) - 40):
        changed = bytearray(blob)
        changed[place] ^= 1
        assert _refused(ssh.armor(bytes(changed)), b"a text", b"test@v1")
    assert _refused(ssh.armor(blob + b"\0"), b"a text", b"test@v1")


@pytest.mark.parametrize("hardware", [ssh.HardwareEd25519, ssh.HardwareEcdsa])
def test_a_hardware_key_must_have_been_touched(hardware: Callable[[], Any]) -> None:
    key = hardware()
    data = ssh.signed_data(b"a text")
    touched = ssh.armor(ssh.signature_blob(key.blob, key.sign(data)))
    assert verify.sshsig_key(touched, b"a text", b"test@v1") == key.blob
    untouched = ssh.armor(ssh.signature_blob(key.blob, key.sign(data, flags=0)))
    assert _refused(untouched, b"a text", b"test@v1")
    other = ssh.armor(ssh.signature_blob(hardware().blob, key.sign(data)))
    assert _refused(other, b"a text", b"test@v1")


@pytest.mark.parametrize(
    "odd",
    [{"version": 2}, {"magic": b"SSHSIX"}, {"reserved": b"x"}, {"algorithm": b"sha256"}],
    ids=str,
)
def test_an_odd_ssh_signature_is_refused(odd: dict[str, Any]) -> None:
    key = ssh.HardwareEd25519()
    algorithm = odd.get("algorithm", b"sha512").decode()
    data = ssh.signed_data(b"a text", reserved=odd.get("reserved", b""), algorithm=algorithm)
    assert _refused(ssh.armor(ssh.signature_blob(key.blob, key.sign(data), **odd)), b"a text")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused_by_name(content: bytes) -> None:
    assert _refused(content, b"")
    assert _refused(ssh.armor(b"SSHSIG\0\0\0\1" + content), b"")
    for parse in (verify.parse_note, verify.stamped):
        try:
            parse(content)
        except verify.Defect as error:
            assert error.name in ("SignatureMismatch", "TimeStampMismatch")
    text = content.decode("utf-8", "replace")
    for read in (verify.parse_note_key, verify.parse_ssh_key, verify.parse_checkpoint):
        with pytest.raises(verify.Defect):
            read(text)


def _refused(signature: bytes, text: bytes, namespace: bytes = b"test@v1") -> bool:
    try:
        verify.sshsig_key(signature, text, namespace)
    except verify.Defect as error:
        return error.name == "SignatureMismatch"
    return False


# Signatures in a bundle.

KEY = SigningKey("example.org/jane", bytes(range(32)))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def signed_once(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, Path], authority: Authority
) -> Path:
    log = honest()
    folder = bundle(tmp_path_factory.mktemp("signed"), log)
    last = log.written[-1].checkpoint()
    sign_all(folder / "ledger", last, made["ssh-ed25519"], authority)
    return reseal(folder, last)


@pytest.fixture
def signed(signed_once: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(signed_once, tmp_path / "signed"))
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def sign_all(ledger: Path, last: Checkpoint, key: Path, authority: Authority) -> None:
    text = last.body()
    store.add_note(ledger, last, note.sign(text, KEY), KEY.verifier())
    armored = ssh_keygen.sign(text.encode(), key, sshsig.CHECKPOINT_NAMESPACE)
    public = sshsig.verify(armored, text.encode(), sshsig.CHECKPOINT_NAMESPACE).key
    store.add_ssh(ledger, last, armored, public)
    answer = authority.answer(stamp.request(text.encode()).as_bytes())
    store.add_stamp(ledger, last, answer, stamp.chain(answer))


def reseal(folder: Path, last: Checkpoint) -> Path:
    seal(folder, last)
    path = folder / "bundle.note"
    path.write_text(note.sign(path.read_text(), KEY).content())
    return folder


def test_every_signer_of_a_bundle_is_named(signed: Path) -> None:
    report = judged(signed, keys=[KEY.verifier().text()])
    assert report.problems == []
    signers = {(signer["kind"], signer["what"]) for signer in report.signers}
    assert signers == {
        ("note", "bundle"), ("note", "checkpoint"), ("ssh", "checkpoint"),
        ("rfc3161", "checkpoint"),
    }  # fmt: skip
    text = verify.page("bundle", report)
    assert "example.org/jane" in text and "SHA256:" in text
    assert "Whose key it is, the bundle cannot prove" in text


def test_the_command_that_is_printed_for_a_time_stamp_checks_it(signed: Path) -> None:
    report = judged(signed)
    [said] = [text for text in report.levels[1].unchecked if "openssl ts" in text]
    command = said.partition("`")[2].rstrip("`")
    done = subprocess.run(command.split(), cwd=signed, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


def _flip(path: Path, place: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


SIGNATURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed note": (lambda f: _flip(_one(f, "signatures/*.note")), "SignatureMismatch"),
    "a changed SSH signature": (
        lambda f: _flip(_one(f, "signatures/*.sshsig"), -60), "SignatureMismatch",
    ),
    "a stamp of another text": (
        lambda f: _one(f, "signatures/*.tsr").write_bytes(_restamped(f)), "TimeStampMismatch",
    ),
    "a stamp cut off": (
        lambda f: _one(f, "signatures/*.tsr").write_bytes(
            _one(f, "signatures/*.tsr").read_bytes()[:-5]
        ),
        "TimeStampMismatch",
    ),
    "another chain": (lambda f: _flip(_one(f, "keys/*.pem")), "TimeStampMismatch"),
    "another note key": (lambda f: _flip(_one(f, "keys/*.vkey"), -4), "SignatureMismatch"),
    "a missing key": (lambda f: _one(f, "keys/*.pub").unlink(), "SignatureMismatch"),
    "a signature of no checkpoint": (
        lambda f: _one(f, "signatures/*.note").rename(
            f / f"ledger/signatures/000000000001.{KEY.verifier().key_id.hex()}.note"
        ),
        "SignatureMismatch",
    ),
    "a strange name": (
        lambda f: (f / "ledger/signatures/README").write_text("x"), "SignatureMismatch",
    ),
    "a signature in a checkpoint": (
        lambda f: sorted(f.glob("ledger/log/*.checkpoint"))[-1].write_text(
            _one(f, "signatures/*.note").read_text()
        ),
        "SignatureMismatch",
    ),
}  # fmt: skip


def _one(folder: Path, pattern: str) -> Path:
    [path] = (folder / "ledger").glob(pattern)
    return path


def _restamped(folder: Path) -> bytes:
    content = _one(folder, "signatures/*.tsr").read_bytes()
    checkpoint = sorted(folder.glob("ledger/log/*.checkpoint"))[-1].read_bytes()
    return content.replace(sha256(checkpoint).digest(), sha256(b"other").digest())


@pytest.mark.parametrize("change", SIGNATURES)
def test_a_signature_that_does_not_hold_is_named(change: str, signed: Path) -> None:
    edit, defect = SIGNATURES[change]
    last = _last(signed)
    edit(signed)
    reseal(signed, last)
    report = judged(signed)
    assert defects(report) - {(0, "SignatureMismatch")} == {(1, defect)}, report.problems


def _last(folder: Path) -> Checkpoint:
    found = judged(folder).checkpoint
    return Checkpoint(found.origin, found.size, found.root)


def test_a_bundle_signed_by_an_unknown_key_is_refused(signed: Path) -> None:
    last = _last(signed)
    seal(signed, last)
    path = signed / "bundle.note"
    path.write_text(note.sign(path.read_text(), SigningKey("x", bytes(32))).content())
    assert defects(judged(signed)) == {(0, "SignatureMismatch")}


def test_a_note_of_another_log_is_refused(signed: Path, tmp_path: Path) -> None:
    other: Log = honest()
    other.write(tmp_path / "other")
    reseal(signed, other.written[-1].checkpoint())
    assert defects(judged(signed)) == {(0, "SignatureMismatch")}


def test_an_ssh_signature_over_the_bundle_must_be_by_a_key_in_it(
    signed: Path, made: dict[str, Path]
) -> None:
    text = (signed / "bundle.note").read_text().partition("\n\n")[0].encode() + b"\n"
    for kind, problems in (
        ("ssh-ed25519", set()),
        ("ssh-rsa", {(0, "SignatureMismatch")}),
    ):
        armored = ssh_keygen.sign(text, made[kind], "reprollm-bundle@v1")
        (signed / "bundle.sshsig").write_bytes(armored)
        assert defects(judged(signed)) == problems

"""Time stamps of a real `openssl ts` authority hold offline, and each defect is named."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from reprollm.errors import InvalidInput, TimeStampMismatch
from reprollm.signing.stamp import (
    chain,
    check_answer,
    parse_chain,
    request,
    verify,
    write_chain,
)
from signing.authorities import Authority, make_authority, rejection

TEXT = b"a log\n12\nroot\n"


@pytest.fixture(scope="module")
def answer(authority: Authority) -> bytes:
    return authority.answer(request(TEXT).as_bytes())


def test_a_stamp_says_when_who_and_under_which_root(authority: Authority, answer: bytes) -> None:
    found = verify(answer, chain(answer), TEXT)
    assert found.time.endswith("Z")
    assert found.authority == "CN=A test authority"
    assert found.root == authority.fingerprint


def test_openssl_itself_takes_stamp_and_chain(answer: bytes, tmp_path: Path) -> None:
    stamp, kept = tmp_path / "stamp.tsr", tmp_path / "chain.pem"
    stamp.write_bytes(answer)
    kept.write_bytes(chain(answer))
    digest = hashlib.sha256(TEXT).hexdigest()
    subprocess.run(
        ["openssl", "ts", "-verify", "-in", stamp, "-digest", digest, "-CAfile", kept],
        check=True,
        capture_output=True,
    )


def test_a_root_that_the_answer_does_not_bring_is_taken_from_a_file(authority: Authority) -> None:
    without = authority.folder / "openssl.cnf"
    whole = without.read_text()
    without.write_text(whole.replace("root.pem", "tsa.pem"))
    try:
        answer = authority.answer(request(TEXT).as_bytes())
    finally:
        without.write_text(whole)
    with pytest.raises(InvalidInput, match="name it with --chain"):
        chain(answer)
    kept = chain(answer, authority.root)
    assert len(parse_chain(kept)) == 2
    assert verify(answer, kept, TEXT).root == authority.fingerprint


def test_the_chain_is_certificates_and_nothing_else(authority: Authority, answer: bytes) -> None:
    secret = (authority.folder / "tsa.key").read_bytes()
    kept = chain(answer, b"a comment\n" + secret + authority.chain)
    assert kept == chain(answer)
    assert write_chain(parse_chain(kept)) == kept
    assert b"PRIVATE" not in kept


def test_an_answer_to_another_request_is_found(authority: Authority) -> None:
    asked = request(TEXT)
    check_answer(authority.answer(asked.as_bytes()), asked)
    with pytest.raises(TimeStampMismatch, match="answers another request"):
        check_answer(authority.answer(request(TEXT).as_bytes()), asked)


def test_a_stamp_over_another_text_is_found(answer: bytes) -> None:
    with pytest.raises(TimeStampMismatch, match="it is of another text"):
        verify(answer, chain(answer), TEXT + b"\n")


def test_a_stamp_of_another_authority_is_found(
    answer: bytes, stranger: Authority, authority: Authority
) -> None:
    with pytest.raises(TimeStampMismatch, match="of another authority"):
        verify(answer, stranger.chain, TEXT)
    mixed = stranger.root + authority.chain.removeprefix(authority.root)
    with pytest.raises(TimeStampMismatch, match="that are not"):
        verify(answer, mixed, TEXT)


def test_a_signer_whose_root_is_another_is_found(stranger: Authority, authority: Authority) -> None:
    signer = authority.chain.removeprefix(authority.root)
    config = authority.folder / "openssl.cnf"
    whole = config.read_text()
    config.write_text(whole.replace("root.pem", "tsa.pem"))
    try:
        answer = authority.answer(request(TEXT).as_bytes())
    finally:
        config.write_text(whole)
    with pytest.raises(TimeStampMismatch, match="certificate signature failure"):
        verify(answer, stranger.root + signer, TEXT)
    with pytest.raises(TimeStampMismatch, match="expected one root certificate, found 0"):
        verify(answer, signer, TEXT)


@pytest.mark.parametrize(
    ("days", "reason"), [((-100, -50), "certificate has expired"), ((50, 100), "not yet valid")]
)
def test_a_signer_that_was_not_valid_at_the_stamp_s_time_is_found(
    days: tuple[int, int], reason: str, tmp_path: Path
) -> None:
    made = make_authority(tmp_path / "authority", days=days)
    with pytest.raises(TimeStampMismatch, match=reason):
        verify(made.answer(request(TEXT).as_bytes()), made.chain, TEXT)


def test_a_signer_that_is_no_time_stamping_authority_is_found(
    answer: bytes, tmp_path: Path
) -> None:
    good = make_authority(tmp_path / "good")
    assert verify(good.sign_as(answer), good.chain, TEXT).root == good.fingerprint
    for name, changes in (
        ("code", {"use": ExtendedKeyUsageOID.CODE_SIGNING}),
        ("not critical", {"critical": False}),
    ):
        made = make_authority(tmp_path / name, **changes)
        with pytest.raises(TimeStampMismatch, match="unsuitable certificate purpose"):
            verify(made.sign_as(answer), made.chain, TEXT)


def test_a_refusal_of_the_authority_is_no_stamp() -> None:
    with pytest.raises(TimeStampMismatch, match="expected a granted time stamp, found status 2"):
        verify(rejection(), b"", TEXT)


@pytest.mark.parametrize("size", [0, 1, 500, -1])
def test_a_truncated_answer_is_refused(answer: bytes, size: int) -> None:
    with pytest.raises(TimeStampMismatch, match="expected a time stamp in DER"):
        verify(answer[:size], chain(answer), TEXT)


def test_trailing_bytes_are_refused(answer: bytes) -> None:
    with pytest.raises(TimeStampMismatch, match="ExtraData"):
        verify(answer + b"\0", chain(answer), TEXT)


def test_a_stamp_over_another_kind_of_hash_is_refused(authority: Authority) -> None:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    asked = TimestampRequestBuilder().data(TEXT).hash_algorithm(HashAlgorithm.SHA512).build()
    answer = authority.answer(asked.as_bytes())
    with pytest.raises(TimeStampMismatch, match="expected a time stamp over a SHA-256"):
        verify(answer, authority.chain, TEXT)


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "expected certificates in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "expected certif"),
        (b"x" * (256 * 1024 + 1), "at most"),
    ],
)
def test_a_damaged_chain_is_refused(answer: bytes, pem: bytes, reason: str) -> None:
    with pytest.raises(TimeStampMismatch, match=reason):
        verify(answer, pem, TEXT)


def test_flipped_bits_of_a_stamp_are_found_or_change_nothing(answer: bytes) -> None:
    """What is left says nothing: two version numbers and the name of the signature's algorithm.

    None of them is signed (RFC 5652, section 5.4), and the signature is checked by the algorithm of
    the signer's key. In a bundle the file's hash covers them too.
    """
    kept, harmless = chain(answer), set()
    expected = verify(answer, kept, TEXT)
    for at in range(len(answer)):
        changed = answer[:at] + bytes([answer[at] ^ 4]) + answer[at + 1 :]
        try:
            assert verify(changed, kept, TEXT) == expected
            harmless.add(at)
        except TimeStampMismatch:
            continue
    own_version = answer.index(bytes.fromhex("020103")) + 2
    issuer = answer.rindex(b"A test authority, root")
    signer_version = answer.rindex(bytes.fromhex("020101"), 0, issuer) + 2
    algorithm = answer.rindex(bytes.fromhex("06082a8648ce3d0403"))
    assert harmless <= {own_version, signer_version, *range(algorithm, algorithm + 12)}

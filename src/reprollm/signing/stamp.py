"""RFC 3161 time stamps over a checkpoint, verified offline with the authority's chain beside them.

A stamp is a TimeStampResp in DER (RFC 3161, section 2.4.2) whose imprint is the SHA-256 of the
text. It holds when its status is "granted", its signer's certificate leads to the chain's one root,
is marked critically as made for time stamping (section 2.3), and was valid at the stamp's own time.
The chain holds every certificate of the stamp besides the root, so that no byte of a certificate
is left unsaid.

What it proves rests on the root: whoever reads it must know the root from elsewhere. A chain that
its author made proves nothing, which is why the root's fingerprint is always shown.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprollm.errors import InvalidInput, ReprollmError, TimeStampMismatch

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

MAX_BYTES = 256 * 1024
_SHA256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = 0
_OPENSSL_REASON = re.compile(r'Verify error: ([^"]*)|reason: "([^"]*)"')


@dataclass(frozen=True)
class Stamp:
    """What a time stamp says.

    Attributes:
        time: when the authority saw the text, RFC 3339, UTC.
        authority: the subject of the certificate that signed it (RFC 4514).
        root: SHA-256 of the chain's root certificate, hex: its fingerprint.
    """

    time: str
    authority: str
    root: str


def request(text: bytes) -> TimeStampRequest:
    """Return a request for a stamp over `text`, with a nonce, asking for the certificates too."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def check_answer(answer: bytes, asked: TimeStampRequest) -> None:
    """Check that an answer is one to this request: the nonce is the same.

    Raises:
        TimeStampMismatch: it is an answer to another request, or none at all.
    """
    found = _granted(answer).tst_info.nonce
    if found != asked.nonce:
        raise TimeStampMismatch(
            f"expected a time stamp with the nonce {asked.nonce} of the request, found {found}; it "
            "answers another request"
        )


def chain(answer: bytes, pem: bytes = b"") -> bytes:
    """Return the chain to keep with an answer, as PEM.

    Args:
        answer: the answer, whose certificates are all in the chain.
        pem: further certificates, such as the root, where the answer does not bring it.

    Raises:
        InvalidInput: there is not exactly one root among them.
        TimeStampMismatch: it is no granted answer of a time-stamping authority.
    """
    from cryptography import x509

    given = parse_chain(pem) if pem else []
    try:
        brought = map(x509.load_der_x509_certificate, _granted(answer).signed_data.certificates)
        ordered = sorted({*given, *brought}, key=_der)
    except (ValueError, x509.InvalidVersion) as error:
        raise TimeStampMismatch(f"expected certificates in the time stamp: {error}") from None
    if len(_roots(ordered)) != 1:
        raise InvalidInput(
            f"expected one root certificate in the authority's chain, found {len(_roots(ordered))};"
            " get its chain as PEM from the authority and name it with --chain"
        )
    return write_chain(ordered)


def parse_chain(pem: bytes) -> list[Certificate]:
    """Return the certificates of a PEM file.

    Raises:
        InvalidInput: it holds none, or one that cannot be read.
    """
    from cryptography import x509

    if len(pem) > MAX_BYTES:
        raise InvalidInput(f"expected a chain of at most {MAX_BYTES} bytes")
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion):
        raise InvalidInput("expected certificates in PEM, found none that can be read") from None


def write_chain(certificates: list[Certificate]) -> bytes:
    """Return certificates as PEM, in their order, with nothing besides."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(item.public_bytes(Encoding.PEM) for item in certificates)


def verify(answer: bytes, pem: bytes, text: bytes) -> Stamp:
    """Return what a stamp over `text` says, where it and its chain hold.

    Raises:
        TimeStampMismatch: it is over another text, of another authority, or not valid.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _verify(answer, pem, text)
    except InvalidInput as error:
        raise TimeStampMismatch(f"the authority's chain: {error}") from None
    except ReprollmError:
        raise
    except Exception as error:  # the parsers beneath raise errors of many kinds on hostile DER
        raise TimeStampMismatch(
            f"expected a time stamp that can be read (RFC 3161): {str(error)[:200]}"
        ) from None


def _verify(answer: bytes, pem: bytes, text: bytes) -> Stamp:
    from rfc3161_client import VerificationError, VerifierBuilder

    response = _granted(answer)
    _check_imprint(response, text)
    certificates = parse_chain(pem)
    roots = _roots(certificates)
    if len(roots) != 1:
        raise InvalidInput(f"expected one root certificate, found {len(roots)}")
    root, signer = roots[0], _signer(response, certificates)
    builder = VerifierBuilder().add_root_certificate(root).tsa_certificate(signer)
    for certificate in certificates:
        if certificate not in (root, signer):
            builder = builder.add_intermediate_certificate(certificate)
    try:
        builder.build().verify(response, hashlib.sha256(text).digest())
    except VerificationError as error:
        raise TimeStampMismatch(
            f"expected a time stamp by an authority under the root {_fingerprint(root)}, found one "
            f"that does not hold: {_reason(error)}"
        ) from None
    time = response.tst_info.gen_time.isoformat().replace("+00:00", "Z")
    return Stamp(time, signer.subject.rfc4514_string(), _fingerprint(root))


def _granted(answer: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    if len(answer) > MAX_BYTES:
        raise TimeStampMismatch(f"expected a time stamp of at most {MAX_BYTES} bytes")
    try:
        response = decode_timestamp_response(answer)
    except ValueError as error:
        raise TimeStampMismatch(f"expected a time stamp in DER (RFC 3161): {error}") from None
    if response.status != _GRANTED:
        said = "; ".join(response.status_string) or "no reason given"
        raise TimeStampMismatch(
            f"expected a granted time stamp, found status {response.status} ({said[:200]})"
        )
    return response


def _check_imprint(response: TimeStampResponse, text: bytes) -> None:
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256:
        raise TimeStampMismatch(
            "expected a time stamp over a SHA-256, found one over the hash "
            f"{imprint.hash_algorithm.dotted_string}"
        )
    expected = hashlib.sha256(text).digest()
    if imprint.message != expected:
        raise TimeStampMismatch(
            f"expected a time stamp over the SHA-256 {expected.hex()}, found one over "
            f"{imprint.message.hex()}; it is of another text"
        )


def _signer(response: TimeStampResponse, certificates: list[Certificate]) -> Certificate:
    """Return the certificate that the signature names, out of the chain."""
    strange = response.signed_data.certificates - {_der(item) for item in certificates}
    if strange:
        raise InvalidInput(
            f"expected every certificate of the time stamp in its chain, found {len(strange)} that "
            "are not; the stamp was changed, or the chain is of another authority"
        )
    infos = response.signed_data.signer_infos
    named = {(info.issuer, info.serial_number) for info in infos}
    found = [item for item in certificates if (item.issuer, item.serial_number) in named]
    if len(infos) != 1 or len(found) != 1:
        raise InvalidInput(
            f"expected one signer whose certificate is in the chain, found {len(infos)} signers "
            f"and {len(found)} certificates of them"
        )
    return found[0]


def _roots(certificates: list[Certificate]) -> list[Certificate]:
    return [item for item in certificates if item.issuer == item.subject]


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _fingerprint(certificate: Certificate) -> str:
    return hashlib.sha256(_der(certificate)).hexdigest()


def _reason(error: Exception) -> str:
    """Return what OpenSSL found, out of the many words around it."""
    found = _OPENSSL_REASON.findall(str(error))
    named = [verify for verify, _ in found if verify] or [reason for _, reason in found]
    return named[0] if named else str(error)[:200]

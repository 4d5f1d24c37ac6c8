"""Time-stamping authorities: their certificates made here, their answers by `openssl ts`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIG = """\
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Authority:
    """An authority whose certificates and key lie in a folder."""

    folder: Path

    @property
    def chain(self) -> bytes:
        """Root and signer, as PEM."""
        return (self.folder / "root.pem").read_bytes() + (self.folder / "tsa.pem").read_bytes()

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    @property
    def fingerprint(self) -> str:
        return x509.load_pem_x509_certificate(self.root).fingerprint(hashes.SHA256()).hex()

    def answer(self, request: bytes) -> bytes:
        """Return what `openssl ts` answers to a request in DER."""
        query, reply = self.folder / "query", self.folder / "reply"
        query.write_bytes(request)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", self.folder / "openssl.cnf",
             "-queryfile", query, "-out", reply],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return reply.read_bytes()

    def sign_as(self, token: bytes) -> bytes:
        """Return an answer with the time-stamp information of `token`, signed by this one.

        `openssl ts` refuses to answer with a certificate that is not made for time stamping, so
        the signed message is made with `openssl cms`.
        """
        content, signed = self.folder / "content", self.folder / "signed"
        content.write_bytes(_information(token))
        subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER",
             "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-in", content, "-out", signed,
             "-signer", self.folder / "tsa.pem", "-inkey", self.folder / "tsa.key"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return _sequence(bytes.fromhex("3003020100") + signed.read_bytes())


def rejection() -> bytes:
    """Return an authority's answer that it will not stamp (PKIStatus 2, RFC 3161, 2.4.2)."""
    return _sequence(bytes.fromhex("3003020102"))


def _information(answer: bytes) -> bytes:
    """Return the TSTInfo that an answer holds: the octets behind the content type's name."""
    mark = bytes.fromhex("060b2a864886f70d0109100104")
    at = answer.index(mark) + len(mark) + 4
    return answer[at : at + answer[at - 1]]


def _sequence(content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return b"\x30" + length + content


def make_authority(
    folder: Path,
    *,
    name: str = "A test authority",
    days: tuple[int, int] = (-10, 10),
    use: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
    critical: bool = True,
) -> Authority:
    """Make root and signer of an authority; `days` is when its signer is valid, from today."""
    folder.mkdir()
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, own_name = _name(f"{name}, root"), _name(name)
    root = _certificate(root_name, root_name, root_key.public_key(), (-4000, 4000))
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    signer = _certificate(root_name, own_name, key.public_key(), days)
    signer = signer.add_extension(x509.ExtendedKeyUsage([use]), critical=critical)
    for file, made in (("root.pem", root), ("tsa.pem", signer)):
        certificate = made.sign(root_key, hashes.SHA256())
        (folder / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    return Authority(folder)


@contextmanager
def served(answer: bytes | Authority, kind: str = "application/timestamp-reply") -> Iterator[str]:
    """Serve an authority, or one answer to everything, over HTTP; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            asked = self.headers["Content-Type"] == "application/timestamp-query"
            content = answer if isinstance(answer, bytes) else answer.answer(request)
            self.send_response(200 if asked else 415)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    first, last = (datetime.now(UTC) + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(first).not_valid_after(last)

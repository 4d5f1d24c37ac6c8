"""What binds a bundle's files to the log, and what is signed: `SHA256SUMS` and the note over it.

    reprollm-bundle/v1
    reprollm/normalisation/3f6a0c1d2e4b5968
    1234 CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de

The version, the log's name, its size and root, and the SHA-256 of `SHA256SUMS`. A note key's
signature stands under the text (C2SP signed-note), an SSH key's in a file of its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.bundles.members import Measured, Member
from reprollm.errors import InvalidInput, SignatureMismatch
from reprollm.records.checkpoint import Checkpoint

if TYPE_CHECKING:
    from reprollm.signing.note_key import SigningKey
    from reprollm.signing.ssh_key import SshKey

VERSION = "reprollm-bundle/v1"
SUMS = "SHA256SUMS"
NOTE = "bundle.note"
SSHSIG = "bundle.sshsig"
UNLISTED = (SUMS, NOTE, SSHSIG)


@dataclass(frozen=True)
class Signers:
    """The keys that sign a bundle; both, one or none.

    Attributes:
        note: a private note key.
        ssh: file of an SSH key, as `ssh-keygen -Y sign -f` takes it.
    """

    note: SigningKey | None = None
    ssh: Path | None = None

    def __bool__(self) -> bool:
        """Return whether anything will be signed."""
        return self.note is not None or self.ssh is not None


def sums(members: Iterable[Measured]) -> bytes:
    """Return `SHA256SUMS` over members, sorted by the bytes of their paths (GNU coreutils)."""
    listed = sorted((member.path.encode(), member.sha256) for member in members)
    return b"".join(sha256.encode() + b"  " + path + b"\n" for path, sha256 in listed)


def body(checkpoint: Checkpoint, listed: bytes) -> str:
    """Return the four lines that are signed, given `SHA256SUMS`."""
    root = base64.b64encode(checkpoint.root).decode()
    digest = hashlib.sha256(listed).hexdigest()
    return f"{VERSION}\n{checkpoint.origin}\n{checkpoint.size} {root}\n{digest}\n"


def key_members(signers: Signers) -> list[Member]:
    """Return the public keys of the signers, where a bundle holds keys."""
    members = []
    if signers.note is not None:
        key = signers.note.verifier()
        path = f"ledger/keys/{key.key_id.hex()}.vkey"
        members.append(Member(path, key.text().encode() + b"\n"))
    if signers.ssh is not None:
        public = ssh_public_key(signers.ssh)
        members.append(Member(f"ledger/keys/{public.fp16}.pub", public.line().encode() + b"\n"))
    return members


def signed(text: str, signers: Signers) -> list[Member]:
    """Return `bundle.note` and, where an SSH key signs, `bundle.sshsig`.

    Raises:
        InvalidInput: `ssh-keygen` or the key is missing, or refuses.
    """
    from reprollm.signing import note, ssh_keygen
    from reprollm.signing.sshsig import BUNDLE_NAMESPACE, verify

    content = text if signers.note is None else note.sign(text, signers.note).content()
    members = [Member(NOTE, content.encode())]
    if signers.ssh is not None:
        signature = ssh_keygen.sign(text.encode(), signers.ssh, BUNDLE_NAMESPACE)
        made_by = verify(signature, text.encode(), BUNDLE_NAMESPACE).key
        if made_by != ssh_public_key(signers.ssh):
            raise SignatureMismatch(
                f"expected a signature of the key in {signers.ssh}.pub, found one of "
                f"{made_by.fingerprint}; the public key beside the private one is another"
            )
        members.append(Member(SSHSIG, signature))
    return members


def ssh_public_key(file: Path) -> SshKey:
    """Return the public half of the SSH key in `file`: its own, or that of `<file>.pub`.

    Where neither is there, the key is learned from a signature that it makes.
    """
    from reprollm.signing import ssh_keygen
    from reprollm.signing.ssh_key import parse_line
    from reprollm.signing.sshsig import BUNDLE_NAMESPACE, verify

    for place in (file, file.with_name(f"{file.name}.pub")):
        try:
            return parse_line(place.read_text(encoding="utf-8").partition("\n")[0])
        except (OSError, UnicodeDecodeError, InvalidInput):
            continue
    text = b"reprollm asks which key this is\n"
    return verify(ssh_keygen.sign(text, file, BUNDLE_NAMESPACE), text, BUNDLE_NAMESPACE).key

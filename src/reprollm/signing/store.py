"""Where signatures and keys lie in a ledger; all of them written once and never replaced.

    signatures/<size>.<key id>.note     keys/<key id>.vkey
    signatures/<size>.<fp16>.sshsig     keys/<fp16>.pub
    signatures/<size>.<tsa16>.tsr       keys/<tsa16>.pem

`<size>` has twelve digits and names the checkpoint. The key is written before its signature, so
that no signature is ever without its key by accident. `<fp16>` and `<tsa16>` are the first 16 hex
digits of the SHA-256 of the SSH key's blob and of the chain's PEM file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import InvalidInput, SignatureMismatch
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.shard import write_once
from reprollm.signing.note import SignedNote
from reprollm.signing.note_key import VerifierKey
from reprollm.signing.ssh_key import SshKey

SUFFIXES = {"note": "vkey", "sshsig": "pub", "tsr": "pem"}
_SIGNATURE = re.compile(r"(\d{12})\.([0-9a-f]{8}|[0-9a-f]{16})\.(note|sshsig|tsr)\Z", re.ASCII)
_ID_DIGITS = {"note": 8, "sshsig": 16, "tsr": 16}


@dataclass(frozen=True, order=True)
class Place:
    """Which signature a file is, by its name.

    Attributes:
        size: number of records of the checkpoint it is over.
        kind: `note`, `sshsig` or `tsr`.
        key: its key id, `fp16` or `tsa16`.
    """

    size: int
    kind: str
    key: str

    def path(self, ledger: Path) -> Path:
        """Return where the signature lies."""
        return ledger / "signatures" / f"{self.size:012d}.{self.key}.{self.kind}"

    def key_path(self, ledger: Path) -> Path:
        """Return where its key lies."""
        return ledger / "keys" / f"{self.key}.{SUFFIXES[self.kind]}"


def parse_place(name: str) -> Place | None:
    """Return which signature a file of this name is; None where the name is not of that form."""
    match = _SIGNATURE.match(name)
    if not match or len(match[2]) != _ID_DIGITS[match[3]]:
        return None
    return Place(int(match[1]), match[3], match[2])


def ledger_folder(path: Path) -> Path:
    """Return the ledger that a path names: itself, or `ledger/` in an unpacked bundle.

    Raises:
        InvalidInput: there is neither.
    """
    for folder in (path, path / "ledger"):
        if (folder / "log").is_dir():
            return folder
    raise InvalidInput(f"expected a ledger, or an unpacked bundle, at {path}, found neither")


def note_place(checkpoint: Checkpoint, key: VerifierKey) -> Place:
    """Return where a note key's signature of a checkpoint lies."""
    return Place(checkpoint.size, "note", key.key_id.hex())


def ssh_place(checkpoint: Checkpoint, key: SshKey) -> Place:
    """Return where an SSH key's signature of a checkpoint lies."""
    return Place(checkpoint.size, "sshsig", key.fp16)


def stamp_place(checkpoint: Checkpoint, pem: bytes) -> Place:
    """Return where a time stamp of a checkpoint lies, given the authority's chain."""
    return Place(checkpoint.size, "tsr", hashlib.sha256(pem).hexdigest()[:16])


def add_note(ledger: Path, checkpoint: Checkpoint, signed: SignedNote, key: VerifierKey) -> Path:
    """Store a checkpoint that a note key has signed; return where it lies."""
    place = note_place(checkpoint, key)
    return _add(ledger, place, signed.content().encode(), key.text().encode() + b"\n")


def add_ssh(ledger: Path, checkpoint: Checkpoint, signature: bytes, key: SshKey) -> Path:
    """Store an armored SSH signature of a checkpoint; return where it lies."""
    return _add(ledger, ssh_place(checkpoint, key), signature, key.line().encode() + b"\n")


def add_stamp(ledger: Path, checkpoint: Checkpoint, answer: bytes, pem: bytes) -> Path:
    """Store a time stamp of a checkpoint with the authority's chain; return where it lies."""
    return _add(ledger, stamp_place(checkpoint, pem), answer, pem)


def _add(ledger: Path, place: Place, signature: bytes, key: bytes) -> Path:
    key_path, path = place.key_path(ledger), place.path(ledger)
    if not write_once(key_path, key) and key_path.read_bytes() != key:
        raise SignatureMismatch(
            f"expected the key that signs now in {key_path}, found another one; the file was "
            "changed, or two keys share this short name"
        )
    write_once(path, signature)
    return path

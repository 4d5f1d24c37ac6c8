"""Committed ledgers, and how they are signed in every way."""

from __future__ import annotations

import shutil
from pathlib import Path

from ledger.building import plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint
from reprollm.signing import note, ssh_keygen, sshsig, stamp, store
from reprollm.signing.note_key import SigningKey
from signing.authorities import Authority


def grown(folder: Path, count: int = 6) -> Path:
    """Return a ledger of `count` requests with three checkpoints."""
    made = plan(count)
    made.publish(folder)
    commit(folder)
    publish_attempt(folder, made, 0, count // 2)
    commit(folder)
    publish_attempt(folder, made, count // 2, count)
    commit(folder)
    return folder


def copied(ledger: Path, folder: Path) -> Path:
    """Return a copy of a ledger that may be changed."""
    shutil.copytree(ledger, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def last(ledger: Path) -> Checkpoint:
    return read_checkpoints(ledger)[-1]


def sign_note(ledger: Path, key: SigningKey, checkpoint: Checkpoint) -> Path:
    signed = note.sign(checkpoint.body(), key)
    return store.add_note(ledger, checkpoint, signed, key.verifier())


def sign_ssh(ledger: Path, key_file: Path, checkpoint: Checkpoint) -> Path:
    text, namespace = checkpoint.body().encode(), sshsig.CHECKPOINT_NAMESPACE
    signature = ssh_keygen.sign(text, key_file, namespace)
    key = sshsig.verify(signature, text, namespace).key
    return store.add_ssh(ledger, checkpoint, signature, key)


def add_stamp(ledger: Path, authority: Authority, checkpoint: Checkpoint) -> Path:
    answer = authority.answer(stamp.request(checkpoint.body().encode()).as_bytes())
    return store.add_stamp(ledger, checkpoint, answer, stamp.chain(answer))

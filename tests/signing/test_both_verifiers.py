"""The stand-alone verifier and this package judge every signature alike.

They share no code: the one does Ed25519, ECDSA and RSA with the standard library alone, the other
leaves the arithmetic to `cryptography`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reprollm.errors import ReprollmError
from reprollm.review import verify as alone
from reprollm.signing import note, note_key, ssh_keygen, sshsig
from signing import ssh
from signing.test_note import JANE, NOTE
from signing.test_sshsig import NAMESPACE, TEXT

KEY = JANE.verifier()


def holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (ReprollmError, alone.Defect):
        return False
    return True


def changed(content: bytes, step: int) -> Iterator[bytes]:
    """Yield `content`, and copies of it with one flipped bit each."""
    choice = random.Random(3)
    yield content
    for at in range(choice.randrange(step), len(content), step):
        bit = 1 << choice.randrange(8)
        yield content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]


def agree_on_ssh(signature: bytes) -> bool:
    first = holds(lambda: sshsig.verify(signature, TEXT, NAMESPACE))
    second = holds(lambda: alone.sshsig_key(signature, TEXT, NAMESPACE.encode()))
    assert first == second, signature
    return first


@pytest.mark.parametrize("kind", ssh.TYPES)
def test_ssh_signatures_are_judged_alike(ssh_keys: dict[str, Path], kind: str) -> None:
    good = ssh_keygen.sign(TEXT, ssh_keys[kind], NAMESPACE)
    blobs = [agree_on_ssh(ssh.armor(blob)) for blob in changed(ssh.unarmor(good), 17)]
    armored = [agree_on_ssh(text) for text in changed(good, 29)]
    assert blobs[0] and armored[0]
    assert not any(blobs[1:])


@pytest.mark.parametrize("device", [ssh.HardwareEd25519, ssh.HardwareEcdsa])
def test_security_keys_are_judged_alike(
    device: type[ssh.HardwareEd25519 | ssh.HardwareEcdsa],
) -> None:
    key = device()
    found = {
        flags: agree_on_ssh(
            ssh.armor(ssh.signature_blob(key.blob, key.sign(ssh.signed_data(TEXT), flags)))
        )
        for flags in (0x00, 0x01, 0x04, 0x05, 0xFE, 0xFF)
    }
    assert [flags for flags, good in found.items() if good] == [0x01, 0x05, 0xFF]


def test_notes_are_judged_alike() -> None:
    def second(content: bytes) -> None:
        text, signatures = alone.parse_note(content)
        key = alone.parse_note_key(KEY.text())
        known = [item for item in signatures if item[:2] == (key.name, key.key_id)]
        if not known:
            raise alone.Defect("SignatureMismatch", "no known key has signed")
        alone.check_note_signature(key, known[0], text)

    found = []
    for content in changed(NOTE, 1):
        first = holds(lambda: note.verify(note.parse(content), [KEY]))  # noqa: B023
        assert first == holds(lambda: second(content)), content  # noqa: B023
        found.append(first)
    assert found[0]
    assert not any(found[1:])


def test_verifier_keys_are_judged_alike() -> None:
    for line in changed(KEY.text().encode(), 1):
        text = line.decode("latin-1")
        first = holds(lambda: note_key.parse_verifier_key(text))  # noqa: B023
        assert first == holds(lambda: alone.parse_note_key(text)), text  # noqa: B023

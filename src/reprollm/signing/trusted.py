"""A public key that someone names: a verifier key, an SSH public key, or a file that holds one."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from reprollm.errors import InvalidInput
from reprollm.signing.note_key import VerifierKey, parse_verifier_key
from reprollm.signing.ssh_key import SshKey, parse_line

PublicKey: TypeAlias = VerifierKey | SshKey

_LIMIT = 64 * 1024


def public_key(named: str) -> PublicKey:
    """Return the key that a text is, or that the file of this name holds as its only line.

    Raises:
        InvalidInput: it is neither a verifier key nor an SSH public key, and no file of one.
    """
    text = named
    if ("+" not in named and " " not in named) or _is_file(named):
        text = _only_line(Path(named))
    if text.startswith("PRIVATE+KEY+") or text.startswith("-----BEGIN"):
        raise InvalidInput("expected a public key, found a private one; name the public half")
    return parse_line(text) if " " in text else parse_verifier_key(text)


def verifier_key(named: str) -> VerifierKey:
    """Return the key of signed notes that `public_key` finds.

    Raises:
        InvalidInput: it is none, or a key of another kind.
    """
    key = public_key(named)
    if not isinstance(key, VerifierKey):
        raise InvalidInput(
            "expected a verifier key name+id+base64, found an SSH key; a signed note holds no SSH "
            "signature"
        )
    return key


def key_text(key: PublicKey) -> str:
    """Return the key as one line: what reports show and `public_key` reads."""
    return key.text() if isinstance(key, VerifierKey) else key.line()


def _is_file(named: str) -> bool:
    try:
        return Path(named).is_file()
    except (OSError, ValueError):
        return False


def _only_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            f"expected a verifier key, an SSH public key, or a file with one, found {str(path)!r} "
            f"({reason})"
        ) from None
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(content) > _LIMIT or len(lines) != 1:
        raise InvalidInput(f"expected one line with a public key in {path}")
    return lines[0]

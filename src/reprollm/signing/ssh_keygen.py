"""Signing through OpenSSH's `ssh-keygen -Y sign`, so that agents and hardware keys work.

The program talks to the agent, asks for a passphrase or a touch on the terminal, and never hands
the private key to us. Its answer is checked here before it is used.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from reprollm.errors import InvalidInput, SignatureMismatch
from reprollm.signing.sshsig import verify

_PROGRAM = "ssh-keygen"


def sign(text: bytes, key_file: Path, namespace: str) -> bytes:
    """Return an armored SSH signature over `text`, made for `namespace`.

    Args:
        text: what is signed.
        key_file: a private key, or a public one whose private half an agent or hardware holds.
        namespace: what the signature is for.

    Raises:
        InvalidInput: the program or the key is missing, or the program refuses.
        SignatureMismatch: the program's answer is no signature that we accept.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        raise InvalidInput(
            f"expected the program {_PROGRAM} to sign with an SSH key, found none; install OpenSSH "
            "(Debian's package openssh-client), or sign with a note key: reprollm key new"
        )
    if not key_file.is_file():
        raise InvalidInput(f"expected an SSH key file at {key_file}, found none")
    # An absolute path, so that no file name is read as an option. Standard error stays the user's:
    # there the program asks for a touch.
    command = [program, "-Y", "sign", "-q", "-f", str(key_file.absolute()), "-n", namespace]
    done = subprocess.run(
        [*command, "-O", "hashalg=sha512"], input=text, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise InvalidInput(
            f"expected {_PROGRAM} to sign with {key_file}, found it ended with code "
            f"{done.returncode}; its own message stands above"
        )
    try:
        verify(done.stdout, text, namespace)
    except SignatureMismatch as error:
        raise SignatureMismatch(f"{key_file}: {error}") from None
    return done.stdout

"""The private note key as a file: made once, readable by its owner alone, never among evidence.

A ledger, a bundle and an experiment's folder are handed to others, and a checkout's `ledger/` grows
into them; a key in any of those would be published with them sooner or later.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.signing.note_key import SigningKey, parse_signing_key

VARIABLE = "REPROLLM_KEY"
_LIMIT = 4096
_MODE = 0o600


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the key lies: what $REPROLLM_KEY names, else `note.key` in the user's settings.

    `~/.config/reprollm/note.key` on Linux.
    """
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    from platformdirs import user_config_path

    return user_config_path("reprollm") / "note.key"


def write_key(path: Path, key: SigningKey) -> None:
    """Create the key's file, mode 0600; a file that exists is never touched.

    Raises:
        InvalidInput: a file is there already, or the folder is one that is handed to others.
        StorageFailed: the file system refused; no file was left there.
    """
    _refuse_among_evidence(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, _MODE)
    except FileExistsError:
        raise InvalidInput(
            f"expected no file at {path}, found one; a key is never replaced, name another file"
        ) from None
    except OSError as error:
        raise StorageFailed(f"could not make the key file {path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(key.text().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise StorageFailed(f"could not write the key file {path}: {error.strerror}") from error


def read_key(path: Path) -> SigningKey:
    """Return the private note key in `path`.

    Raises:
        InvalidInput: there is none, others may read it, it lies where it would be published, or it
            is no key.
    """
    _refuse_among_evidence(path)
    try:
        with path.open("rb") as file:
            _check_mode(path, os.fstat(file.fileno()))
            content = file.read(_LIMIT + 1)
    except FileNotFoundError:
        raise InvalidInput(
            f"expected a note key at {path}, found none; make one with: reprollm key new"
        ) from None
    except OSError as error:
        raise InvalidInput(f"could not read the key file {path}: {error.strerror}") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if len(content) > _LIMIT or not text.endswith("\n"):
        raise InvalidInput(f"expected one line that ends in {path}, with a private note key")
    try:
        return parse_signing_key(text[:-1])
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"expected a plain file at {path}, found something else")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise InvalidInput(
            f"expected a key file that only its owner may read (mode 0600), found {path} with "
            f"mode {mode:04o}; run: chmod 600 {path}, and consider the key known to others"
        )


def _refuse_among_evidence(path: Path) -> None:
    for folder in path.resolve().parents:
        what = _published_as(folder)
        if what:
            raise InvalidInput(
                f"expected the private key outside of {what}, found {path} in {folder}; what lies "
                "there is handed to others: move the key away"
            )


def _published_as(folder: Path) -> str | None:
    if (folder / "log").is_dir() and (folder / "shards").is_dir():
        return "a ledger"
    if (folder / "bundle.note").is_file() or (folder / "SHA256SUMS").is_file():
        return "a bundle"
    if (folder / "experiment.yaml").is_file():
        return "an experiment's folder"
    if folder.name == "ledger" and (folder.parent / ".git").exists():
        return "a checkout's folder of ledgers"
    return None

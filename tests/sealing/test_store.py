"""Three files on the disk: never a published data file without its seal, whenever the crash."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.sealing.check import drawn_defects, hash_defects
from reprollm.sealing.seal import load_seal
from reprollm.sealing.secrets import load_secrets
from reprollm.sealing.store import Places, write_private, write_sealed
from sealing.building import rows_of, sealed

CALLS = ("open", "write", "link", "fsync", "unlink", "close", "mkdir")


def places(folder: Path) -> Places:
    public = folder / "public"
    return Places(public / "b.csv", public / "b.seal.json", folder / "own" / "secrets.json")


def killed_at(call: int, folder: Path) -> bool:
    """Write a sealed set in a process that is killed before its n-th call; tell if it was."""
    child = os.fork()
    if not child:
        try:
            calls = itertools.count(1)
            for name in CALLS:
                setattr(os, name, deadly(getattr(os, name), calls, call))
            write_sealed(places(folder), sealed().made)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def deadly(real: Any, calls: Iterator[int], fatal: int) -> Any:
    """Return `real`, before whose call the process is killed if it is the n-th of all such."""

    def called(*arguments: Any, **named: Any) -> Any:
        if next(calls) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    return called


def test_whenever_it_is_killed_what_is_published_has_its_seal_and_its_secrets(
    tmp_path: Path,
) -> None:
    states = set()
    call = 0
    while True:
        call += 1
        folder = tmp_path / str(call)
        was_killed = killed_at(call, folder)
        at = places(folder)
        state = (at.secrets.exists(), at.seal.exists(), at.data.exists())
        states.add(state)
        if at.seal.exists():  # and secrets that are whole
            load_secrets(at.secrets, load_seal(at.seal))
        if at.data.exists():
            seal = load_seal(at.seal)
            content = at.data.read_bytes()
            assert list(hash_defects(seal, content)) == []
            table = rows_of(content, seal.data.form)
            assert list(drawn_defects(seal, load_secrets(at.secrets, seal), table)) == []
        if not was_killed:
            break
    assert call > 10
    assert states == {
        (False, False, False), (True, False, False), (True, True, False), (True, True, True)
    }  # fmt: skip


def test_only_the_owner_may_read_the_secrets_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_sealed(places(tmp_path), sealed().made)
    finally:
        os.umask(before)
    assert stat.S_IMODE(places(tmp_path).secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(places(tmp_path).data.stat().st_mode) == 0o444


@pytest.mark.parametrize("which", ["data", "seal", "secrets"])
def test_a_file_that_exists_is_never_replaced(which: str, tmp_path: Path) -> None:
    at = places(tmp_path)
    taken: Path = getattr(at, which)
    taken.parent.mkdir()
    taken.write_bytes(b"before")
    with pytest.raises(InvalidInput, match="never replaced"):
        write_sealed(at, sealed().made)
    assert taken.read_bytes() == b"before"
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 1


@pytest.mark.parametrize("mark", ["log", "SHA256SUMS"])
def test_secrets_are_refused_where_they_would_be_published(mark: str, tmp_path: Path) -> None:
    if mark == "log":
        (tmp_path / "log").mkdir()
        (tmp_path / "shards").mkdir()
    else:
        (tmp_path / mark).touch()
    with pytest.raises(InvalidInput, match="outside of ledgers and bundles"):
        write_sealed(places(tmp_path), sealed().made)
    assert not places(tmp_path).data.exists()


def test_where_the_disk_refuses_no_part_of_a_secret_stays(tmp_path: Path) -> None:
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StorageFailed):
            write_private(tmp_path / "secrets.json", b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []

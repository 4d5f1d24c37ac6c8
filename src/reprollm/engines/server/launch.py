"""Starts a server on files that were hashed, on loopback and a free port, and stops it again.

The name it answers under carries the snapshot's id, and a folder is shown to it through a link of
that name where it knows no other alias. Should this program be killed, the server is ended by the
process that keeps it (`reprollm.engines.server.leash`), whose standard input then ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from reprollm.canon import Json
from reprollm.engines.server.address import resolve
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.leash import GRACE_SECONDS
from reprollm.engines.server.programs import Program, alias, program
from reprollm.environment.offline import OFFLINE
from reprollm.errors import EngineUnavailable, SnapshotChanged
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.lock import Lock

START_SECONDS = 1800.0
POLL_SECONDS = 0.1
LAST_BYTES = 4000


class Process:
    """A server of our own.

    Attributes:
        url: its address.
        model: the name under which the model is asked for.
    """

    def __init__(self, lock: Lock, made: Program, port: int, scratch: Path) -> None:
        """Start it; `scratch` is a folder of its own, removed in the end."""
        self.url = f"http://127.0.0.1:{port}"
        self.model = made.model
        self._id = lock.snapshot
        self._made = made
        self._scratch = scratch
        self._log = scratch / "log"
        leash = [sys.executable, "-m", "reprollm.engines.server.leash"]
        with self._log.open("wb") as log:
            self._keeper = subprocess.Popen(
                [*leash, *made.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(scratch),
                start_new_session=True,
            )

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Return once it answers; raise `EngineUnavailable` if it ends or takes too long."""
        client = Client(resolve(self.url, "refused"))
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if self._keeper.poll() is not None:
                raise EngineUnavailable(
                    f"expected {self._made.what['program']} to start, found that it ended with "
                    f"code {self._keeper.returncode}: {self._last_words()}"
                )
            with suppress(BadReplyError):
                if client.get("/health", 5.0).status == 200:
                    client.close()
                    return
            time.sleep(POLL_SECONDS)
        raise EngineUnavailable(
            f"expected {self._made.what['program']} to answer within {seconds:.0f} seconds, found "
            f"it silent: {self._last_words()}"
        )

    def check(self, answered: str | None) -> None:
        """Raise `SnapshotChanged` unless the name on an answer carries the snapshot's id."""
        if answered is None or self._id not in answered:
            raise SnapshotChanged(
                f"expected answers of the server that was started on snapshot {self._id[:16]}, "
                f"found one of the model {answered!a:.120}; another server took its port, so start "
                "again"
            )

    def describe(self) -> dict[str, Json]:
        """Return which program was started, and what it was told."""
        return dict(self._made.what)

    def close(self) -> None:
        """Stop it and everything that it started."""
        if self._keeper.stdin is not None:
            with suppress(OSError):
                self._keeper.stdin.close()
        try:
            self._keeper.wait(2 * GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _last_words(self) -> str:
        """Return the last line that it wrote, harmless and short."""
        content = self._log.read_bytes()[-LAST_BYTES:].decode("utf-8", "replace")
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        return ascii(lines[-1])[:300] if lines else "it wrote nothing"


def start(kind: str, folder: Path, lock: Lock, settings: EngineSettings, context: int) -> Process:
    """Start a server of `kind` on the files in `folder` and wait until it answers.

    Raises:
        EngineUnavailable: it is not installed, ends at once, or does not answer in time.
    """
    scratch = Path(tempfile.mkdtemp(prefix="reprollm-server-"))
    try:
        shown = _shown(folder, lock, scratch)
        port = _free_port()
        made = program(kind, shown, lock, settings, context, port)
        process = Process(lock, made, port, scratch)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    try:
        process.wait()
    except BaseException:
        process.close()
        raise
    return process


def _shown(folder: Path, lock: Lock, scratch: Path) -> Path:
    """Return a link to a folder whose name is the snapshot's; a file is shown as it is."""
    if not folder.is_dir():
        return folder
    link = scratch / alias(lock)
    link.symlink_to(folder.resolve(), target_is_directory=True)
    return link


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a server: offline, one thread, and a cache that is empty."""
    hub = scratch / "hub"
    hub.mkdir()
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    fixed = {"HF_HUB_CACHE": str(hub), "VLLM_CPU_KVCACHE_SPACE": "1"}
    return {"OMP_NUM_THREADS": "1", **fixed, **kept, **OFFLINE, "HF_HUB_CACHE": str(hub)}

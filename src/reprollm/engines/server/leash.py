"""Runs a server and ends it, whatever happens to the program that wanted it.

`python -m reprollm.engines.server.leash COMMAND…` starts the command in a session of its own and
waits. When standard input ends, because whoever held its other end closed it or was killed, the
whole session is ended; when this process is killed itself, the kernel ends the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 5.0


def main(command: list[str]) -> int:
    """Run `command` until it or standard input ends; return its exit code."""
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent
    )
    # In a thread: this one waits for the server, and would wait for itself.
    end = threading.Thread(target=_end, args=(server,), daemon=True)
    signal.signal(signal.SIGTERM, lambda *_: None if end.ident else end.start())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(server,), daemon=True).start()
    code = server.wait()
    _kill(server, signal.SIGKILL)
    return code


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(server: subprocess.Popen[bytes]) -> None:
    """End the server once standard input ends."""
    while os.read(0, 4096):
        pass
    _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    _kill(server, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        server.wait(GRACE_SECONDS)
    _kill(server, signal.SIGKILL)


def _kill(server: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the server's whole session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

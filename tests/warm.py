"""Commands in real processes without their start-up: forks of an interpreter that is warm already.

Importing torch and transformers takes seconds, most commands a fraction of one. A command that is
run here has its own process, folder, environment, standard streams and exit code, and the package
is imported anew in it; only the libraries that others wrote are in memory already. Where the start
itself is what a test speaks of, or a variable that a library reads while it is imported, a fresh
interpreter is needed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from reprollm.environment import go_offline

PROGRAM = Path(__file__).with_name("warm_server.py")


def run(
    *arguments: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a module by its name and arguments to its end, as `python -P -m` would.

    Args:
        arguments: the module and what follows it.
        folder: the current folder of the process.
        environment: all its variables.
    """
    order = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
    control = _server(os.getpid())
    with (
        open(os.devnull) as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(control, [json.dumps(order).encode()], streams)
        code = control.recv(16)
        assert code, "the warm interpreter has ended"
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(arguments, int(code), *said)


@cache
def _server(owner: int) -> socket.socket:
    """Start the interpreter of this process; it ends when this process closes its socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        go_offline(environment)
        subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,
        )
    return ours

"""The program behind `warm`: imports what is slow to import, and becomes a command in a fork.

Nothing of the package itself is imported here, so that a fork runs whatever copy of it the
command's `PYTHONPATH` names, from its first line to its end.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import runpy
import socket
import sys
from typing import Any

SLOW = (
    "duckdb",
    "pandera.pyarrow",
    "pyarrow.parquet",
    "rich.progress",
    "rich.table",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
)


def serve(control: socket.socket) -> dict[str, Any]:
    """Fork for each order and tell how the fork ended; return the order in a fork.

    An order is a JSON object with three open files beside it: standard input, output and error.
    """
    while True:
        message, files, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not message:
            os._exit(0)
        child = os.fork()
        if child == 0:
            control.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            order: dict[str, Any] = json.loads(message)
            return order
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        control.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(order: dict[str, Any]) -> None:
    """Run a module as the interpreter would with `-P -m`, in the order's folder and environment."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if path := order["environment"].get("PYTHONPATH"):
        sys.path[:0] = path.split(os.pathsep)
    module, *sys.argv[1:] = order["arguments"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in ("torchao", "torch.utils._pytree"):  # as in reprollm.engines.loading
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in SLOW:
        importlib.import_module(name)
    become(serve(socket.socket(fileno=int(sys.argv[1]))))

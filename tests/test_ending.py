"""A process that ends without taking its modules apart still does what is due at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import atexit, sys, threading, time
from reprollm.ending import end_process
atexit.register(print, "registered")
threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
print("said")
print("complained", file=sys.stderr)
end_process({code})
"""


@pytest.mark.parametrize("code", [0, 5])
def test_threads_end_registered_work_is_done_and_everything_is_written(code: int) -> None:
    command = [sys.executable, "-c", PROGRAM.format(code=code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "complained\n")
    assert done.stdout == "said\nthread\nregistered\n"


def test_output_that_cannot_be_written_is_no_success() -> None:
    command = [sys.executable, "-c", PROGRAM.format(code=0)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            env={name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 7
    assert "reprollm: the output could not be written: No space left on device" in done.stderr

"""The end of a process that has loaded large libraries.

The interpreter takes every module apart before it ends, which lasts a third as long as loading
torch and transformers did. What has to happen at the end happens here too; taking apart is left to
the operating system.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from reprollm.errors import StorageFailed


def end_process(code: int) -> NoReturn:
    """Wait for threads, run what was registered for the end, write what is buffered, and end.

    Args:
        code: the exit code; `StorageFailed`'s takes its place where the output cannot be written.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        code = StorageFailed.exit_code
        print(f"reprollm: the output could not be written: {error.strerror}", file=sys.stderr)
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)

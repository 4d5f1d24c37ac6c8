"""Standard input, output and error, made fit to be used whatever the program was started with.

What goes to a file or a pipe is UTF-8, so that it has the same bytes on every machine. A terminal
gets its own encoding, and a character that this lacks as an escape. A stream that was closed before
the start is opened on the null device: otherwise the next file that is opened, a ledger perhaps,
would get its number, and whatever is printed.
"""

from __future__ import annotations

import io
import os
import sys

_STANDARD = 2


def prepare() -> None:
    """Open the standard streams that are closed, and set what encodes the others."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _open_closed() -> None:
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= _STANDARD:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))

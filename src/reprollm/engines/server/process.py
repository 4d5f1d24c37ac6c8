"""Which files the process that listens on a port of this machine has in memory.

Servers that map their weights (llama.cpp, and what is built on it) show them here, whatever they
say over HTTP. The operating system tells this of the user's own processes only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from reprollm.engines.server.address import Address


def mapped_files(address: Address) -> set[tuple[int, int]]:
    """Return device and inode of every file that the listening process or its children map.

    Empty where no process of this user listens on that port of this machine.
    """
    files: set[tuple[int, int]] = set()
    if not address.loopback:
        return files
    for process in _listening(address.port):
        for path in _mapped(process):
            with suppress(OSError):
                status = os.stat(path)
                files.add((status.st_dev, status.st_ino))
    return files


def _listening(port: int) -> Iterator[psutil.Process]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return
    owners = {
        found.pid
        for found in connections
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port
    }
    for owner in sorted(pid for pid in owners if pid is not None):
        with suppress(psutil.Error):
            process = psutil.Process(owner)
            yield process
            yield from process.children(recursive=True)


def _mapped(process: psutil.Process) -> Iterator[Path]:
    try:
        regions = process.memory_maps(grouped=True)
    except (psutil.Error, OSError):
        return
    for region in regions:
        if region.path.startswith("/"):
            yield Path(region.path)

"""Graphics processors and their driver, asked of the driver's own tool, without any library."""

from __future__ import annotations

import shutil
import subprocess

from reprollm.canon import Json

_FIELDS = {
    "name": "name",
    "uuid": "uuid",
    "driver": "driver_version",
    "vbios": "vbios_version",
    "compute_capability": "compute_cap",
    "memory": "memory.total",
    "ecc": "ecc.mode.current",
    "mig": "mig.mode.current",
}
_TIMEOUT = 20.0


def accelerator_facts() -> list[Json]:
    """Return one object for each GPU that `nvidia-smi` lists; an empty list where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = f"--query-gpu={','.join(_FIELDS.values())}"
    try:
        done = subprocess.run(
            [tool, query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return parse_query(done.stdout)


def parse_query(csv: str) -> list[Json]:
    """Return the GPUs of one `nvidia-smi --format=csv,noheader,nounits` answer; memory in MiB."""
    rows = [[cell.strip() for cell in line.split(",")] for line in csv.splitlines()]
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows if len(row) == len(_FIELDS)]

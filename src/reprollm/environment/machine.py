"""Processor, operating system and container, as the kernel describes them (proc(5), os-release(5)).

Vendor, family, model, stepping, microcode and instruction sets decide which kernels numeric
libraries choose, and with them the last bits of a logit.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from reprollm.canon import Json

# The x86 flags and Arm features by which oneDNN, MKL, OpenBLAS and ATen dispatch.
_DISPATCHED = frozenset(
    """sse4_1 sse4_2 avx avx2 fma f16c bmi2 avx_vnni avx_vnni_int8 avx_ne_convert avx512f avx512dq
    avx512bw avx512vl avx512_vnni avx512_bf16 avx512_fp16 avx10 amx_tile amx_bf16 amx_int8 amx_fp16
    asimd asimdhp asimddp fphp bf16 i8mm sve sve2 svebf16 svei8mm sme""".split()
)
_NAMES = {
    "vendor_id": "vendor",
    "model name": "name",
    "cpu family": "family",
    "model": "model",
    "stepping": "stepping",
    "microcode": "microcode",
    "CPU implementer": "implementer",
    "CPU part": "part",
    "CPU revision": "revision",
}


def system_facts() -> dict[str, Json]:
    """Return Python, operating system, kernel, C library and container hints."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "compiler": platform.python_compiler(),
        "os": _os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "byte_order": sys.byteorder,
        "container": container_hint(),
    }


def machine_facts(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Json]:
    """Return the processor's facts and how many of its cores this process may use.

    `instruction_sets` lists only the flags by which numeric libraries choose their kernels.
    """
    processor = parse_cpuinfo(_read(cpuinfo))
    return {
        "architecture": platform.machine(),
        "processor": processor,
        "cores": os.cpu_count() or 1,
        "affinity": len(os.sched_getaffinity(0)),
    }


def parse_cpuinfo(text: str) -> dict[str, Json]:
    """Return the first processor of `/proc/cpuinfo`: its names and its instruction sets."""
    facts: dict[str, Json] = {}
    flags: set[str] = set()
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key in _NAMES and _NAMES[key] not in facts:
            facts[_NAMES[key]] = value
        elif key in ("flags", "Features") and not flags:
            flags = set(value.split())
    facts["instruction_sets"] = list[Json](sorted(flags & _DISPATCHED))
    return facts


def container_hint() -> str | None:
    """Return which container runtime this process seems to run in, or None.

    Apptainer and Singularity announce themselves in the environment; Docker and Podman leave a
    file at the root. An image's digest is not visible from inside.
    """
    for variable in ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"):
        if image := os.environ.get(variable):
            return f"apptainer {Path(image).name}"
    if Path("/run/.containerenv").exists():
        return "podman"
    if Path("/.dockerenv").exists():
        return "docker"
    return None


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

"""What the three verifiers say of a bundle, in this process or as a program."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.cli.verification_page import page
from reprollm.errors import InvalidInput
from reprollm.review import verify as verify_py
from reprollm.review.demands import Demands
from reprollm.review.verification import verify_path
from reprollm.signing.growth import read_kept
from reprollm.signing.trusted import public_key

DUCKDB = Path(sys.executable).with_name("duckdb")


@dataclass(frozen=True)
class Said:
    """An exit code, and the defects that were named at the lowest failing level.

    Attributes:
        code: the exit code.
        defects: names, those of the lowest failing level alone.
        report: the whole verification as JSON.
    """

    code: int
    defects: frozenset[str]
    report: dict[str, Any]


def by_reprollm(path: Path, key: str | None = None, kept: str | None = None) -> Said:
    """Return what `reprollm verify` says."""
    demands = Demands(
        keys=[public_key(key)] if key else [], kept=[read_kept(kept.encode())] if kept else []
    )
    try:
        return _said(verify_path(path, demands).to_json())
    except InvalidInput:
        return Said(3, frozenset(), {})


def by_verify_py(
    path: Path, key: str | None = None, kept: str | None = None, folder: Path | None = None
) -> Said:
    """Return what the stand-alone verifier says, called as a module."""
    options = ["--json", "--processes", "1", *(["--key", key] if key else [])]
    if kept:
        assert folder is not None
        (folder / "kept").write_text(kept)
        options += ["--checkpoint", str(folder / "kept")]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = verify_py.main([*options, str(path)])
    return _said(json.loads(out.getvalue())) if out.getvalue() else Said(code, frozenset(), {})


def by_verify_sql(root: Path, script: Path) -> subprocess.CompletedProcess[str]:
    """Return what the `duckdb` command line says, in an unpacked bundle."""
    return _run([str(DUCKDB), "-c", f".read {script}"], root)


def as_programs(path: Path, script: Path, *options: str) -> tuple[int, int]:
    """Return the exit codes of both verifiers as a reviewer would start them."""
    reprollm = _run([sys.executable, "-m", "reprollm", "verify", str(path), *options], path.parent)
    alone = _run([sys.executable, "-I", "-S", str(script), str(path), *options], path.parent)
    return reprollm.returncode, alone.returncode


def page_of(path: Path) -> str:
    """Return the page of `reprollm verify` as one line of words."""
    return " ".join(page(str(path), verify_path(path)).split())


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _said(report: dict[str, Any]) -> Said:
    problems = report["problems"]
    lowest = min((problem["level"] for problem in problems), default=None)
    named = frozenset(p["defect"] for p in problems if p["level"] == lowest)
    return Said(report["exit"], named, report)

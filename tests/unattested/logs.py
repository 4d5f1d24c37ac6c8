"""The real logs among the assets, and logs made from them with one thing changed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprollm.unattested.archive import opened

ASSETS = Path(__file__).resolve().parents[1] / "assets" / "imports"
EVAL = ASSETS / "inspect_spelling.eval"
[RESULTS] = ASSETS.glob("results_*.json")


def samples_file(task: str) -> Path:
    [path] = ASSETS.glob(f"samples_{task}_*.jsonl")
    return path


def members() -> dict[str, Any]:
    """Return the JSON members of the real `.eval` file by name."""
    with opened(EVAL) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.names()}


def write_eval(
    path: Path, content: dict[str, Any], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write members as an `.eval` file, as inspect_ai did before it took up Zstandard."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, value in content.items():
            text = value if isinstance(value, bytes) else json.dumps(value).encode()
            archive.writestr(name, text)
    return path


def changed_eval(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write the real log with its members changed."""
    content = members()
    change(content)
    return write_eval(path, content)


def changed_lines(
    folder: Path, task: str, change: Callable[[list[dict[str, Any]]], object]
) -> Path:
    """Write a real file of samples with its lines changed."""
    source = samples_file(task)
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    change(rows)
    path = folder / source.name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def zip_of(name: str, content: bytes) -> bytes:
    """Return a zip with one stored member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, content)
    return made.getvalue()

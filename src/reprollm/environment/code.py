"""The digest of the source that a stage can import: what a workflow must watch besides its inputs.

Snakemake does not see a change in an imported package, and a run whose code changed is another
run. Imports go one way only (see the order below), so a stage depends on its own package and on
those before it: a new way of scoring asks no model again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprollm import canon

# Lower packages never import higher ones.
_GROUND = ("__init__.py", "canon.py", "errors.py", "environment", "records")
_ORDER = (
    "snapshot",
    "card",
    "llamacpp",
    "experiment",
    "prompts",
    "engines",
    "ledger",
    "scores",
    "compare",
)
_LAST = {
    "plan": "prompts",
    "generate": "engines",
    "commit": "ledger",
    "score": "scores",
    "compare": "compare",
}
STAGES = tuple(_LAST)
_PACKAGE = Path(__file__).resolve().parent.parent


def code_digest(stage: str, package: Path = _PACKAGE) -> str:
    """Return the hex digest over the names and bytes of the sources that `stage` can import.

    Args:
        stage: one of `STAGES`.
        package: the folder of the `reprollm` package.

    Raises:
        KeyError: `stage` is not one of `STAGES`.
    """
    packages = _ORDER[: _ORDER.index(_LAST[stage]) + 1]
    parts: list[bytes] = []
    for path in _sources(package, (*_GROUND, *packages)):
        parts += [path.relative_to(package).as_posix().encode(), path.read_bytes()]
    return canon.digest("reprollm/code/v1", *parts)


def _sources(package: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in sorted(names):
        place = package / name
        if place.is_file():
            yield place
            continue
        yield from sorted(
            path
            for path in place.rglob("*")
            if path.suffix != ".pyc" and "__pycache__" not in path.parts and path.is_file()
        )

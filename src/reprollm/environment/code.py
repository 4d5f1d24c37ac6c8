"""The digest of the source that a stage can import: what a workflow must watch besides its inputs.

Snakemake does not see a change in an imported package, and a run whose code changed is another
run. Imports go one way only (see the order below), so a stage depends on its own package and on
those before it: a new way of scoring asks no model again. Of the packages beside the order, which
serve several stages with single modules, a stage depends on the modules that it imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
_BESIDE = ("statistics", "sealing", "corpus", "screening", "exposure", "signing")
_LAST = {
    "plan": "prompts",
    "generate": "engines",
    "commit": "ledger",
    "score": "scores",
    "compare": "compare",
    "examination": "prompts",
    "measure": "ledger",
    "scan": "ledger",
    "examine": "scores",
    "conclude": "compare",
    "report": "scores",
}
_EXAMINATION = tuple(
    f"contamination/{name}.py"
    for name in ("__init__", "examination", "examined", "sealed_sets", "texts")
)
_MEASURE = tuple(
    f"contamination/{name}.py"
    for name in ("continuing", "evidence", "journal", "material", "measure", "tokens")
)
# What a stage takes from packages that stand behind the order.
_FURTHER = {
    "examination": (*_EXAMINATION, "ledger"),
    "measure": (*_EXAMINATION, *_MEASURE),
    "scan": (*_EXAMINATION, "contamination/beside.py", "contamination/scanning.py", "corpus"),
    "conclude": ("conclusions",),
    "examine": ("contamination",),
    "report": ("report", "footprint", "compare", "tables"),
}
STAGES = tuple(_LAST)
_PACKAGE = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(
    rf"^\s*(?:from|import) reprollm\.((?:{'|'.join(_BESIDE)})(?:\.\w+)*)(?: import (\w+))?", re.M
)


def code_digest(stage: str, package: Path = _PACKAGE) -> str:
    """Return the hex digest over the names and bytes of the sources that `stage` can import.

    Args:
        stage: one of `STAGES`.
        package: the folder of the `reprollm` package.

    Raises:
        KeyError: `stage` is not one of `STAGES`.
    """
    parts: list[bytes] = []
    for path in sources_of(stage, package):
        parts += [path.relative_to(package).as_posix().encode(), path.read_bytes()]
    return canon.digest("reprollm/code/v1", *parts)


def sources_of(stage: str, package: Path = _PACKAGE) -> list[Path]:
    """Return the files that a stage's digest is over, in its order; see `code_digest`."""
    packages = _ORDER[: _ORDER.index(_LAST[stage]) + 1]
    own = list(_sources(package, (*_GROUND, *packages, *_FURTHER.get(stage, ()))))
    return [*own, *sorted(_beside(package, own) - set(own))]


def _beside(package: Path, importing: Iterable[Path]) -> set[Path]:
    """Return the modules beside the order that some files import, and those that these import."""
    found: set[Path] = set()
    waiting = list(importing)
    while waiting:
        path = waiting.pop()
        text = path.read_text(encoding="utf-8") if path.suffix == ".py" else ""
        for module, name in _IMPORT.findall(text):
            place = package.joinpath(*module.split("."))
            above = package / module.partition(".")[0] / "__init__.py"
            files = (above, place.with_suffix(".py"), place / "__init__.py", place / f"{name}.py")
            new = {file for file in files if file.is_file()} - found
            found |= new
            waiting += new
    return found


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

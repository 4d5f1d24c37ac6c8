from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import reprollm

PACKAGE = Path(reprollm.__file__).parent

# Each package imports only those before it; those of one line do not know each other.
ORDER = (
    ("errors",),
    ("canon",),
    ("ending", "environment", "records", "statistics"),
    ("snapshot",),
    ("card", "footprint", "llamacpp", "sources", "sealing", "corpus", "screening", "exposure"),
    ("experiment",),
    ("prompts", "scaffold", "workflow"),
    ("engines",),
    ("ledger",),
    ("scores", "unattested", "signing", "compare"),
    ("conclusions", "contamination"),
    ("tables",),
    ("evaluation", "bundles", "determinism"),
    ("report", "withholding"),
    ("publish", "review"),
    ("cli",),
)


def imported(path: Path) -> Iterator[str]:
    """Yield the packages of reprollm that a module imports, wherever in the module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "reprollm":
                names = [f"reprollm.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("reprollm."))


def test_imports_go_one_way() -> None:
    level = {name: number for number, names in enumerate(ORDER) for name in names}
    upward = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own.startswith("__"):
            continue
        for other in imported(path):
            if other != own and not other.startswith("__") and level[other] >= level[own]:
                upward.append(f"{path.relative_to(PACKAGE)} imports {other}")
    assert upward == []

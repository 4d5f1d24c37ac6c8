from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import reprollm
from reprollm.environment import STAGES, code_digest
from reprollm.environment.code import sources_of

CHECKS = {"examination", "measure", "scan", "examine"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    source = Path(reprollm.__file__).parent
    unread = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, tmp_path / "reprollm", ignore=unread))


def changed(package: Path, name: str) -> set[str]:
    """Return the stages whose digest changes with a file of the package."""
    before = {stage: code_digest(stage, package) for stage in STAGES}
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    return {stage for stage in STAGES if code_digest(stage, package) != before[stage]}


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("canon.py", set(STAGES)),
        ("records/shard.py", set(STAGES)),
        ("prompts/settings.py", set(STAGES)),
        ("engines/noise.py", set(STAGES) - {"plan", "examination"}),
        ("ledger/__init__.py", set(STAGES) - {"plan", "generate"}),
        ("scores/__init__.py", {"score", "compare", "conclude", "examine", "report"}),
        ("compare/__init__.py", {"compare", "conclude", "report"}),
        ("report/page.py", {"report"}),
        ("contamination/examination.py", CHECKS),
        ("contamination/measure.py", {"measure", "examine"}),
        ("contamination/findings/screening.py", {"examine"}),
        ("statistics/auroc.py", {"examine"}),
        ("corpus/index.py", CHECKS),
        ("cli/__init__.py", set()),
    ],
)
def test_a_change_concerns_the_stages_that_can_import_it(
    package: Path, name: str, stages: set[str]
) -> None:
    assert changed(package, name) == stages


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_module_that_its_own_modules_import(stage: str) -> None:
    package = Path(reprollm.__file__).parent
    known = set(sources_of(stage))
    missing = [
        f"{path.relative_to(package)} imports {name}"
        for path in known
        if path.suffix == ".py"
        for name in imported(path)
        if not {package / name / "__init__.py", (package / name).with_suffix(".py")} & known
    ]
    assert missing == []


def imported(path: Path) -> Iterator[str]:
    """Yield the modules and packages of reprollm that a module imports, as paths."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module.startswith("reprollm."):
                yield node.module.removeprefix("reprollm.").replace(".", "/")


def test_a_renamed_or_added_module_changes_the_digest(package: Path) -> None:
    before = code_digest("generate", package)
    (package / "engines" / "noise.py").rename(package / "engines" / "hiss.py")
    renamed = code_digest("generate", package)
    (package / "engines" / "empty.py").touch()
    assert len({before, renamed, code_digest("generate", package)}) == 3


def test_compiled_files_are_no_source(package: Path) -> None:
    before = code_digest("compare", package)
    cache = package / "engines" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "noise.cpython-311.pyc").write_bytes(b"other")
    assert code_digest("compare", package) == before


def test_the_digest_does_not_depend_on_where_the_package_lies(package: Path) -> None:
    assert code_digest("generate", package) == code_digest(
        "generate", Path(shutil.copytree(package, package.parent / "elsewhere" / "reprollm"))
    )

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import reprollm
from reprollm.environment import STAGES, code_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    source = Path(reprollm.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "reprollm"))


def changed(package: Path, name: str) -> set[str]:
    """Return the stages whose digest changes with a file of the package."""
    before = {stage: code_digest(stage, package) for stage in STAGES}
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    return {stage for stage in STAGES if code_digest(stage, package) != before[stage]}


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("canon.py", {"plan", "generate", "commit", "score", "compare"}),
        ("records/shard.py", {"plan", "generate", "commit", "score", "compare"}),
        ("prompts/settings.py", {"plan", "generate", "commit", "score", "compare"}),
        ("engines/noise.py", {"generate", "commit", "score", "compare"}),
        ("ledger/__init__.py", {"commit", "score", "compare"}),
        ("scores/__init__.py", {"score", "compare"}),
        ("compare/__init__.py", {"compare"}),
        ("cli/__init__.py", set()),
    ],
)
def test_a_change_concerns_the_stages_that_can_import_it(
    package: Path, name: str, stages: set[str]
) -> None:
    assert changed(package, name) == stages


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

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from workspaces import CHECKOUT, Workspace, make_workspace


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that is copied for every test, so that its model is made and pinned once."""
    return make_workspace(tmp_path_factory.mktemp("template")).folder


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Workspace:
    """A workspace of its own for one test."""
    return Workspace(Path(shutil.copytree(template, tmp_path / "workspace")))


@pytest.fixture
def checkout(workspace: Workspace) -> Workspace:
    """The workspace as a checkout: wrapper, workflow, configuration and experiment."""
    shutil.copy(CHECKOUT / "Snakefile", workspace.folder)
    for name in ("workflow", "envs"):
        shutil.copytree(CHECKOUT / name, workspace.folder / name)
    (workspace.folder / "config").mkdir()
    (workspace.folder / "config" / "config.yaml").write_text("experiments: [tiny]\n")
    return workspace


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of package and workflow, so that what a test runs is what a test may change."""
    copy = tmp_path_factory.mktemp("code")
    for name in ("src", "workflow", "envs"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="session")
def finished_once(
    template: Path, code: Path, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """A workspace after a whole run."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("finished") / "workspace")
    finished = Workspace(Path(folder), code)
    run = finished.reprollm("run", "tiny", "--cores", "2")
    assert run.returncode == 0, run.stderr
    return finished


@pytest.fixture
def finished(finished_once: Workspace, tmp_path: Path) -> Workspace:
    """A finished workspace of a test's own, with package and workflow of its own."""
    code = shutil.copytree(finished_once.checkout, tmp_path / "code")
    folder = shutil.copytree(finished_once.folder, tmp_path / "finished", symlinks=True)
    return Workspace(Path(folder), Path(code))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs."""
    source = tmp_path_factory.mktemp("source")
    for name in ("src", "workflow", "envs"):
        shutil.copytree(
            CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    (source / "docs").mkdir()
    for name in ("spec.md", "scores.md", "conclusions.md"):
        shutil.copy(CHECKOUT / "docs" / name, source / "docs")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel"],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = (source / "dist").glob("*.whl")
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder

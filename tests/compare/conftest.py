"""A small experiment that was run once, for everything that repeats or compares it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workspaces import Workspace, make_workspace

Answer = Callable[..., Path]


def answer(workspace: Workspace, ledger: str, **variables: str) -> Path:
    """Plan, commit, generate and commit in a ledger folder; return it.

    The variables are those of the process that asks the model.
    """
    for arguments in (
        ("plan", "tiny", "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("generate", "tiny", "--ledger", ledger),
        ("ledger", "commit", ledger),
    ):
        done = workspace.reprollm(*arguments, **(variables if "generate" in arguments else {}))
        assert done.returncode == 0, done.stderr
    return workspace.folder / ledger


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose experiment has a published ledger."""
    workspace = make_workspace(tmp_path_factory.mktemp("published"))
    # What repeats it is another process with another order of hashes.
    answer(workspace, "experiments/tiny/published", PYTHONHASHSEED="6")
    return workspace


@pytest.fixture
def workspace(published_once: Workspace, tmp_path: Path) -> Workspace:
    """A copy of that workspace, to be changed."""
    return Workspace(Path(shutil.copytree(published_once.folder, tmp_path / "workspace")))

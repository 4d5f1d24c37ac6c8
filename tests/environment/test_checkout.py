from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reprollm.environment.checkout import checkout_facts


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package in a checkout with one commit."""
    folder = tmp_path / "src" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (tmp_path / ".gitignore").write_text("ignored/\n*.pyc\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "begin")
    return folder


def test_a_clean_checkout_is_its_commit(package: Path) -> None:
    assert checkout_facts(package) == {"commit": git(package, "rev-parse", "HEAD"), "dirty": None}


def test_every_change_of_the_code_has_a_digest_of_its_own(package: Path) -> None:
    seen = set()
    for text in ("one = 1\n", "two = 2\n"):
        (package / "__init__.py").write_text(text)
        seen.add((checkout_facts(package) or {})["dirty"])
    git(package, "add", ".")
    assert (checkout_facts(package) or {})["dirty"] in seen
    for text in ("a", "b"):
        (package / "new.py").write_text(text)
        seen.add((checkout_facts(package) or {})["dirty"])
    assert len(seen) == 4 and None not in seen


def test_ignored_files_are_no_change(package: Path) -> None:
    (package / "module.pyc").write_bytes(b"compiled")
    assert (checkout_facts(package) or {})["dirty"] is None


def test_before_the_first_commit_there_is_no_commit(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    facts = checkout_facts(tmp_path)
    assert facts is not None
    assert facts["commit"] is None and facts["dirty"] is not None


def test_an_environment_inside_somebodys_checkout_is_none_of_it(package: Path) -> None:
    installed = package.parent.parent / "ignored" / "site-packages" / "package"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert checkout_facts(installed) is None


def test_outside_of_any_checkout_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert checkout_facts(tmp_path) is None


def test_a_checkouts_own_settings_run_no_program(package: Path) -> None:
    trace = package.parent / "was-run"
    (package / "__init__.py").write_text("changed = True\n")
    for key in ("diff.external", "core.fsmonitor", "core.pager"):
        git(package, "config", key, f"touch {trace}; false")
    assert checkout_facts(package) is not None
    assert not trace.exists()

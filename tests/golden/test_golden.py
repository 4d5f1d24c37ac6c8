"""The bundles of every release verify, with every verifier and both lines of DuckDB."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import reprollm.review
import warm

FOLDER = Path(__file__).parent
CHECKOUT = FOLDER.parents[1]
RELEASES = sorted(path.name for path in FOLDER.iterdir() if (path / "expected.json").exists())
BUNDLES = ("whole.zip", "withheld.zip")
VERIFY_PY = Path(reprollm.review.__file__).with_name("verify.py")
# Set up by `make test`: the long-term release of DuckDB, in a folder of its own.
LTS = Path(os.environ.get("DUCKDB_LTS", CHECKOUT / ".venv-duckdb-lts"))

golden = pytest.mark.parametrize("bundle", BUNDLES)
released = pytest.mark.parametrize("release", RELEASES)


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def reprollm_verify(release: str, bundle: str, **variables: str) -> dict[str, Any]:
    folder = FOLDER / release
    command = [
        "reprollm", "verify", str(folder / bundle), "--json",
        "--key", str(folder / "note.vkey"), "--checkpoint", str(folder / "plan.checkpoint"),
        "--opening", str(folder / "opening.jsonl"),
    ]  # fmt: skip
    if variables:
        done = run([sys.executable, "-P", "-m", *command], **variables)
    else:
        done = warm.run(*command, folder=folder, environment=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def as_expected(release: str, found: dict[str, Any]) -> bool:
    expected = json.loads((FOLDER / release / "expected.json").read_text(encoding="utf-8"))
    return found["holds"] is True and expected.items() <= found.items()


def test_this_machine_has_bundles_to_verify() -> None:
    assert RELEASES


@released
@golden
def test_reprollm_verifies_it(release: str, bundle: str) -> None:
    found = reprollm_verify(release, bundle)
    assert as_expected(release, found)
    assert {signer["kind"] for signer in found["signers"]} == {"note", "ssh", "rfc3161"}
    assert any("deviates" in notice for notice in found["notices"])


@released
@golden
def test_it_verifies_under_the_long_term_release_of_duckdb(release: str, bundle: str) -> None:
    assert LTS.is_dir(), f"expected DuckDB's long-term release in {LTS}; run make test"
    version = run(
        [sys.executable, "-c", "import duckdb; print(duckdb.__version__)"], PYTHONPATH=str(LTS)
    )
    assert version.stdout.startswith("1.4.")
    path = os.pathsep.join([str(LTS), str(CHECKOUT / "src")])
    assert as_expected(release, reprollm_verify(release, bundle, PYTHONPATH=path))


@released
@golden
def test_todays_verify_py_verifies_it(release: str, bundle: str) -> None:
    folder = FOLDER / release
    options = ["--json", "--checkpoint", str(folder / "plan.checkpoint")]
    done = run([sys.executable, "-I", "-S", str(VERIFY_PY), str(folder / bundle), *options])
    assert done.returncode == 0, done.stdout + done.stderr
    assert as_expected(release, json.loads(done.stdout))


@released
@golden
def test_its_own_verify_py_verifies_it(release: str, bundle: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(FOLDER / release / bundle) as archive:
        archive.extractall(tmp_path)
    done = run([sys.executable, "-I", "-S", str(tmp_path / "verify.py"), "--json"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert as_expected(release, json.loads(done.stdout))


@released
def test_both_bundles_are_of_the_same_log_and_the_withheld_one_shows_no_answer(
    release: str,
) -> None:
    whole, withheld = (reprollm_verify(release, bundle) for bundle in BUNDLES)
    assert whole["root"] == withheld["root"]
    assert whole["levels"][3]["verdict"] == "holds"
    assert withheld["levels"][3]["verdict"] == "not checked"


@released
def test_a_changed_golden_bundle_does_not_verify(release: str, tmp_path: Path) -> None:
    content = bytearray((FOLDER / release / "whole.zip").read_bytes())
    at = content.index(b'"kind":"generation"')
    content[at + 1] ^= 1
    (tmp_path / "changed.zip").write_bytes(content)
    verify = ("reprollm", "verify", str(tmp_path / "changed.zip"))
    done = warm.run(*verify, folder=tmp_path, environment=os.environ)
    assert done.returncode in (10, 11)
    digest = hashlib.sha256(content).hexdigest()
    assert digest != hashlib.sha256((FOLDER / release / "whole.zip").read_bytes()).hexdigest()

"""One run at a time, whatever became of the last one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reprollm.errors import Busy
from reprollm.workflow.lock import held, left_behind

HOLD = """
import sys
from pathlib import Path
from reprollm.workflow.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_by_a_sentence_that_names_the_first(tmp_path: Path) -> None:
    file = tmp_path / "receipts" / ".run.lock"
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"process {other.pid} on "), held(file):
            pass
        other.kill()
        other.wait()
        with held(file):
            pass


def test_no_lock_is_left_behind_in_a_fresh_folder(tmp_path: Path) -> None:
    assert not left_behind(tmp_path)


def snakemake_lock(workspace: Path) -> None:
    locks = workspace / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("out.txt\n")


def test_a_lock_without_a_living_owner_is_left_behind(tmp_path: Path) -> None:
    snakemake_lock(tmp_path)
    assert left_behind(tmp_path)


def test_the_lock_of_a_living_snakemake_is_respected(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(
        'rule all:\n    output: "out.txt"\n'
        '    shell: "echo started; read -r line; touch {output}"\n'
    )
    with subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        while b"started" not in other.stdout.readline():
            assert other.poll() is None
        with pytest.raises(Busy, match=f"found process {other.pid}"):
            left_behind(tmp_path)
        other.stdin.write(b"\n")
        other.stdin.flush()
        assert other.wait() == 0
    assert not left_behind(tmp_path)


def test_the_lock_of_a_snakemake_on_another_machine_is_respected(tmp_path: Path) -> None:
    snakemake_lock(tmp_path)
    logs = tmp_path / ".snakemake" / "log"
    logs.mkdir()
    (logs / "2026-01-01T000000.000000.snakemake.log").write_text("SNAKEMAKE\n  Host: head-node\n")
    with pytest.raises(Busy, match=r"on head-node; .*--unlock"):
        left_behind(tmp_path)

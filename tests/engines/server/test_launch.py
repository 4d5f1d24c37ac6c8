"""Servers of our own: none outlives the program that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from reprollm.engines.server.launch import Process
from reprollm.engines.server.programs import Program, alias, program
from reprollm.errors import EngineUnavailable, SnapshotChanged
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.lock import Lock

LEASH = (sys.executable, "-m", "reprollm.engines.server.leash")
FAMILY = "import subprocess, os, sys; subprocess.Popen(['sleep', '600']); print(os.getpid()); "
STAY = (sys.executable, "-c", FAMILY + "sys.stdout.flush(); import time; time.sleep(600)")
SETTINGS = EngineSettings("server", "native", "cpu", "strict", 4)


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the leash's descendants once the command has started its own."""
    assert process.stdout is not None
    process.stdout.readline()
    found = psutil.Process(process.pid).children(recursive=True)
    assert [one.name() for one in found][-1] == "sleep"
    return found


def assert_gone(family: list[psutil.Process]) -> None:
    gone, alive = psutil.wait_procs(family, timeout=10)
    assert len(gone) == len(family), alive


def leashed() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*LEASH, *STAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_server_and_its_children_end_with_the_leash_s_input() -> None:
    with leashed() as process:
        family = family_of(process)
        assert process.stdin is not None
        process.stdin.close()
        assert_gone(family)


def test_a_server_ends_when_the_leash_is_told_to() -> None:
    with leashed() as process:
        family = family_of(process)
        process.terminate()
        assert_gone(family)


def test_a_server_ends_when_the_program_that_wanted_it_is_killed() -> None:
    program = (
        "import subprocess, sys, time\n"
        f"leash = subprocess.Popen({[*LEASH, *STAY]!r}, stdin=subprocess.PIPE)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as wanted:
        family = family_of(wanted)
        wanted.kill()
        assert_gone(family)


def test_a_server_ends_when_its_leash_is_killed() -> None:
    with leashed() as process:
        server, child = family_of(process)
        os.kill(process.pid, signal.SIGKILL)
        assert_gone([server])
        child.kill()


def test_a_server_that_ends_at_once_leaves_its_last_words(lock: Lock, tmp_path: Path) -> None:
    words = "import sys; sys.exit('no such\\x1b[31m model')"
    made = Program((sys.executable, "-c", words), "x", {"program": "broken"})
    process = Process(lock, made, 1, tmp_path)
    with pytest.raises(EngineUnavailable, match="ended with code 1") as caught:
        process.wait(30)
    assert "no such" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    process.close()


def test_a_server_that_stays_silent_is_given_up(lock: Lock, tmp_path: Path) -> None:
    process = Process(lock, Program(STAY, "x", {"program": "silent"}), 1, tmp_path)
    with pytest.raises(EngineUnavailable, match="silent to answer within 0 seconds"):
        process.wait(0.2)
    process.close()
    assert process._keeper.returncode is not None


def test_an_answer_without_the_snapshot_s_id_is_not_ours(lock: Lock, tmp_path: Path) -> None:
    process = Process(lock, Program(STAY, "x", {"program": "x"}), 1, tmp_path)
    process.check(alias(lock))
    for name in (None, "gpt-2"):
        with pytest.raises(SnapshotChanged, match="another server took its port"):
            process.check(name)
    process.close()


@pytest.mark.parametrize("kind", ["vllm", "transformers", "llama-server"])
def test_what_is_not_installed_is_named(
    kind: str, llama: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailable):
        program(kind, llama, lock, SETTINGS, 100, 1)

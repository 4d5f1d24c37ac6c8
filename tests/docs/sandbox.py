"""A reader's machine: a home, a workspace, and a shell in which commands are typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docs.blocks import CHECKOUT, Step

DEMO = CHECKOUT / "experiments" / "normalisation"
MODEL = DEMO / "models" / "normaliser"


@dataclass(frozen=True)
class Typed:
    """What the shell said: its exit code and everything printed."""

    code: int
    said: str


@dataclass(frozen=True)
class Sandbox:
    """The folder that holds `home` and `work`."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def copy(self, folder: Path) -> Sandbox:
        """Return another machine in the same state."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Sandbox(folder)

    def type(self, steps: Iterable[tuple[Step, int]], before: str = "") -> Typed:
        """Type commands and save files, each in its order; stop at the first surprise.

        Args:
            steps: what to do, and the exit code that a command must end with.
            before: a shell script of what the reader did earlier.
        """
        script = [f"set -e\n{before}\nset +e"]
        for number, (step, code) in enumerate(steps):
            script.append(self._typed(step, code, number))
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.work,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return Typed(done.returncode, done.stdout)

    def _typed(self, step: Step, code: int, number: int) -> str:
        kept = self.folder / f"step-{number}"
        if step.file:
            kept.write_text(step.text, encoding="utf-8")
            return f"cp {kept} {step.file} || exit 99"
        command = step.text
        if step.python:
            kept.write_text(step.text, encoding="utf-8")
            command = f"python {kept}"
        shown = self.folder / f"shown-{number}"
        shown.write_text(f"\nline {step.line}: $ {step.text}\n", encoding="utf-8")
        return f'cat {shown}\n{command}\n[ $? = {code} ] || exit 99; echo "[$SECONDS s]"'

    def _environment(self) -> dict[str, str]:
        inherited = ("LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
        return {
            **{name: os.environ[name] for name in inherited if name in os.environ},
            "HOME": str(self.home),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(CHECKOUT / "src"),
            "REPROLLM_MODELS": str(self.home / "models"),
        }


def make_sandbox(folder: Path) -> Sandbox:
    """Make a machine with one model in the reader's home and the demo in the workspace."""
    made = Sandbox(folder)
    (made.home / "models").mkdir(parents=True)
    shutil.copytree(MODEL, made.home / "models" / "some-model")
    (made.work / "experiments").mkdir(parents=True)
    (made.work / "ledger").mkdir()
    (made.work / "experiments" / "normalisation").symlink_to(DEMO)
    (folder / "bin").mkdir()
    program = folder / "bin" / "reprollm"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m reprollm "$@"\n')
    program.chmod(0o755)
    return made

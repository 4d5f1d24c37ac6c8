"""Running a worker: a real process, so that nothing of the one before is left in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from reprollm.determinism.job import Answered, Job, answer_from_json
from reprollm.errors import EngineUnavailable

Advance: TypeAlias = Callable[[int, int], object]
"""Told how many requests were answered since the last call, and with how many tokens."""

_WORDS = 300
_PATIENCE = 20.0


@dataclass(frozen=True)
class Worked:
    """What a worker gave.

    Attributes:
        engine: what the engine said of itself.
        environment: what surrounded it.
        answers: by pass and request id.
    """

    engine: dict[str, Any]
    environment: dict[str, Any]
    answers: Mapping[str, Mapping[str, Answered]]


def work(job: Job, advance: Advance = lambda answers, tokens: None) -> Worked:
    """Do a job in a process of its own.

    Raises:
        EngineUnavailable: the engine cannot be opened so, or its process ended before its work.
    """
    with tempfile.TemporaryDirectory(prefix="reprollm-determinism-") as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(job.to_json()), encoding="utf-8")
        return gather(job, _lines(file, job.variables), advance)


def gather(job: Job, lines: Iterable[dict[str, Any]], advance: Advance) -> Worked:
    """Return what a worker's lines say.

    Raises:
        EngineUnavailable: they say that the engine cannot be opened so.
    """
    facts: dict[str, Any] = {}
    answers: dict[str, dict[str, Answered]] = {each.name: {} for each in job.passes}
    for line in lines:
        if "error" in line:
            raise EngineUnavailable(line["error"]["message"])
        if "pass" not in line:
            facts |= line
            continue
        given = [answer_from_json(each) for each in line["answers"]]
        answers[line["pass"]] |= {answer.request: answer for answer in given}
        advance(len(given), sum(len(each.tokens.ids) for each in given if each.tokens))
    return Worked(facts["engine"], facts["environment"], answers)


def _lines(file: Path, variables: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what the worker writes, until it ends well."""
    command = [sys.executable, "-P", "-m", "reprollm.determinism.worker", str(file)]
    with (
        (file.parent / "said").open("w+b") as said,
        _ended(command, {**os.environ, **variables}, said) as process,
    ):
        assert process.stdout is not None
        refused = False
        for line in process.stdout:
            value = json.loads(line)
            refused |= "error" in value
            yield value
        code = process.wait()
        if code and not refused:
            raise EngineUnavailable(
                f"expected a worker process to answer all requests, found it ended with code "
                f"{code}: {_last_words(said)}"
            )


@contextmanager
def _ended(
    command: list[str], environment: Mapping[str, str], said: IO[bytes]
) -> Iterator[subprocess.Popen[str]]:
    """Run a process and leave none behind, whatever happens."""
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        if process.stdout is not None:
            process.stdout.close()
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """End a process: it is asked to first, then killed."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[
        :_WORDS
    ]

"""A process that opens one engine, asks its job's passes, and writes what came: `python -m`.

    python -m reprollm.determinism.worker JOB

Engines and their libraries print what they like on standard output. The answers therefore go to a
copy of it, and the descriptor itself is pointed at standard error before any of them is loaded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from reprollm.ending import end_process
from reprollm.environment import collect, go_offline
from reprollm.errors import ReprollmError

if TYPE_CHECKING:
    from reprollm.determinism.job import Job
    from reprollm.engines.protocol import Engine


def main() -> int:
    """Do the job in the file that the command line names; return the exit code."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    go_offline()
    try:
        _work(Path(sys.argv[1]), answers)
    except ReprollmError as error:
        _write(answers, {"error": {"kind": type(error).__name__, "message": str(error)}})
        return error.exit_code
    return 0


def _work(file: Path, answers: TextIO) -> None:
    from reprollm.determinism.job import Job
    from reprollm.engines.exposure import require_here
    from reprollm.engines.opening import open_checked
    from reprollm.snapshot.model import load_model

    job = Job.from_json(json.loads(file.read_bytes()))
    model = load_model(job.lock, job.adapters)
    engine = open_checked(model, job.settings, run=job.run).engine
    try:
        require_here(engine, "measuring determinism")
        answer(job, engine, answers)
    finally:
        engine.close()


def answer(job: Job, engine: Engine, answers: TextIO) -> None:
    """Write what an open engine says of itself, and its answers to a job's passes."""
    from reprollm.determinism.job import answers_to_json

    _write(answers, {"engine": engine.describe(), "environment": collect()})
    # Without seeds, what is sampled comes out otherwise each time, and says nothing of the engine.
    seeded = engine.capabilities.seed == "request"
    for each in job.passes:
        for part in each.parts():
            asked = [job.requests[index] for index in part]
            asked = [request for request in asked if seeded or request.settings.greedy]
            for batch in engine.generate(asked) if asked else ():
                _write(answers, {"pass": each.name, "answers": answers_to_json(batch)})


def _write(answers: TextIO, line: dict[str, Any]) -> None:
    answers.write(json.dumps(line) + "\n")
    answers.flush()


if __name__ == "__main__":
    end_process(main())

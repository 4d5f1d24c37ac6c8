"""What one worker process is given, and the lines that it answers with.

A job is one JSON file. Answers are JSON lines: first `{"engine": …, "environment": …}`, then one
`{"pass": name, "answers": […]}` for every finished batch, or `{"error": …}` in place of what could
not be done. Floats travel as the hex of their little-endian float32 bytes, so that no bit is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reprollm.compare.levels import Tokens
from reprollm.engines.protocol import Failure, Generation
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.records.arrays import floats_from_bytes


@dataclass(frozen=True)
class Pass:
    """One time through the requests.

    Attributes:
        name: of the pass, unique in its job.
        order: indices of the requests in the order in which they are asked.
        together: how many are handed to the engine in one call; 0 for all at once.
    """

    name: str
    order: tuple[int, ...]
    together: int = 0

    def parts(self) -> list[tuple[int, ...]]:
        """Return the indices call by call."""
        size = self.together or len(self.order)
        return [self.order[start : start + size] for start in range(0, len(self.order), size)]


@dataclass(frozen=True)
class Job:
    """All that a worker needs.

    Attributes:
        lock: the base's lock file.
        adapters: adapters' lock files and scales, in order.
        run: the name under which the weights were checked, so that stamps suffice from then on.
        settings: the engine.
        requests: what is asked.
        passes: in which orders and portions.
        variables: environment variables of the worker, besides those of its parent.
    """

    lock: Path
    adapters: tuple[tuple[Path, str], ...]
    run: str
    settings: EngineSettings
    requests: tuple[Request, ...]
    passes: tuple[Pass, ...]
    variables: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the job as JSON holds it."""
        return {
            "lock": str(self.lock),
            "adapters": [[str(file), scale] for file, scale in self.adapters],
            "run": self.run,
            "settings": self.settings.to_json(),
            "requests": [
                {**asdict(each), "settings": each.settings.to_json()} for each in self.requests
            ],
            "passes": [asdict(each) for each in self.passes],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Job:
        """Return the job that `to_json` wrote."""
        return cls(
            lock=Path(value["lock"]),
            adapters=tuple((Path(file), scale) for file, scale in value["adapters"]),
            run=value["run"],
            settings=EngineSettings.from_json(value["settings"]),
            requests=tuple(
                Request(
                    each["request"],
                    tuple(each["prompt_ids"]),
                    Settings.from_json(each["settings"]),
                    each["seed"],
                )
                for each in value["requests"]
            ),
            passes=tuple(
                Pass(each["name"], tuple(each["order"]), each["together"])
                for each in value["passes"]
            ),
        )


@dataclass(frozen=True)
class Answered:
    """One answer as it came from a worker; a failure has its reason in place of tokens."""

    request: str
    finish: str
    tokens: Tokens | None


def answers_to_json(answers: Sequence[Generation | Failure]) -> list[dict[str, Any]]:
    """Return one batch as a worker writes it."""
    return [_to_json(answer) for answer in answers]


def answer_from_json(value: dict[str, Any]) -> Answered:
    """Return one answer that `answers_to_json` wrote."""
    if "reason" in value:
        return Answered(value["request"], value["reason"], None)
    tokens = Tokens(
        value["ids"],
        floats_from_bytes(bytes.fromhex(value["logprobs"])),
        floats_from_bytes(bytes.fromhex(value["margins"])),
    )
    return Answered(value["request"], value["finish"], tokens)


def _to_json(answer: Generation | Failure) -> dict[str, Any]:
    if isinstance(answer, Failure):
        return {"request": answer.request, "reason": answer.reason}
    return {
        "request": answer.request,
        "finish": answer.finish,
        "ids": list(answer.output_ids),
        "logprobs": answer.logprobs.astype("<f4").tobytes().hex(),
        "margins": answer.margins.astype("<f4").tobytes().hex(),
    }

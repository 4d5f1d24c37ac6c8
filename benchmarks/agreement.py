"""Same prompts, same token ids in, float32, greedy: which engines agree token by token.

    python benchmarks/agreement.py [ENGINE ...] [--answers 64] [--tokens 32] [--json]

Every engine of the contract suite that has a model in its own process is asked in its own
environment (`make test-engines` sets them up), under the strict policy; and so is the model's
definition in NumPy and float64 (`tests/engine_suite/reference.py`). Prints a Markdown table: for
each two, in how many answers all tokens are the same, the largest difference of log-probabilities
before the first other token, and the smallest margin at which tokens differ.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

REFERENCE = "definition in float64"

Answers: TypeAlias = "list[dict[str, Any]]"


@dataclass(frozen=True)
class Pair:
    """Two engines: how many of their answers have the same tokens, and how far they are apart.

    `margin` is the smallest margin, of either, at a first differing token; None where none differs.
    """

    one: str
    other: str
    answers: int
    same: int
    largest: float
    margin: float | None


def main() -> None:
    from engine_suite.entry import entry, names

    parser = argparse.ArgumentParser(description="Which engines agree token by token.")
    parser.add_argument("engines", nargs="*", metavar="ENGINE")
    parser.add_argument("--answers", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--worker", metavar="ENGINE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(work(arguments.worker, arguments.answers, arguments.tokens)))
        return
    chosen = arguments.engines or [name for name in names() if entry(name).family != "server"]
    size = ["--answers", str(arguments.answers), "--tokens", str(arguments.tokens)]
    found = {}
    for name in [*chosen, REFERENCE]:
        print(name, file=sys.stderr, flush=True)
        venv = ".venv" if name == REFERENCE else entry(name).venv
        command = [str(CHECKOUT / venv / "bin" / "python"), __file__, "--worker", name, *size]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    for line in report(pairs(found), as_json=arguments.json):
        print(line)


def work(name: str, count: int, tokens: int) -> Answers:
    """Ask one engine, in this process; return output ids, log-probabilities and margins."""
    from engine_suite.entry import Entry, entry, opened, pinned
    from engine_suite.reference import Llama

    chosen: Entry | None = None if name == REFERENCE else entry(name)
    with tempfile.TemporaryDirectory(prefix="reprollm-agreement-") as place:
        folder = Path(place)
        if chosen is None:
            from tiny_models import make_llama

            llama = Llama(make_llama(folder / "tiny"))
            return [
                {"ids": ids, "logprobs": logprobs.tolist(), "margins": margins.tolist()}
                for prompt in prompts(count)
                for ids, logprobs, margins in [llama.greedy(prompt, tokens)]
            ]
        model = chosen.make(folder / "tiny")
        with chosen.settings(model) as settings:
            engine = opened(model, pinned(model, folder), settings("strict", 8))
            return list(ask(engine, chosen.family, count, tokens))


def ask(engine: Any, family: str, count: int, tokens: int) -> Iterator[dict[str, Any]]:
    """Yield an engine's answers in the order of the prompts."""
    from engine_suite.asked import GREEDY, generations, request

    settings = dataclasses.replace(GREEDY, max_tokens=tokens, stop_ids=())
    asked = [request(family, settings, prompt) for prompt in prompts(count)]
    for given in generations(engine, asked):
        yield {
            "ids": list(given.output_ids),
            "logprobs": given.logprobs.tolist(),
            "margins": given.margins.tolist(),
        }
    engine.close()


def prompts(count: int) -> list[tuple[int, ...]]:
    """Return prompts as token ids, of 8 to 60 tokens."""
    from engine_suite.asked import ids_of

    return [ids_of(f"vnd er sprach {'zu jhm ' * (n % 7)}{n}") for n in range(count)]


def pairs(found: dict[str, Answers]) -> Iterator[Pair]:
    """Compare each two engines."""
    for one, other in itertools.combinations(found, 2):
        together = list(zip(found[one], found[other], strict=True))
        same = sum(a["ids"] == b["ids"] for a, b in together)
        gaps, margins = [0.0], []
        for a, b in together:
            first = first_difference(a["ids"], b["ids"])
            both = zip(a["logprobs"][:first], b["logprobs"][:first], strict=True)
            gaps += [abs(x - y) for x, y in both]
            margins += [] if first is None else [min(a["margins"][first], b["margins"][first])]
        yield Pair(one, other, len(together), same, max(gaps), min(margins, default=None))


def first_difference(one: Sequence[int], other: Sequence[int]) -> int | None:
    """Return the first place at which two answers of one length have other tokens, or None."""
    places = enumerate(zip(one, other, strict=True))
    return next((place for place, (x, y) in places if x != y), None)


def report(compared: Iterator[Pair], *, as_json: bool) -> Iterator[str]:
    """Yield the lines to print."""
    if as_json:
        yield from (json.dumps(dataclasses.asdict(pair)) for pair in compared)
        return
    rows: Sequence[str] = (
        "| engines | answers with the same tokens | largest difference of log-probabilities "
        "| smallest margin where tokens differ |",
        "| --- | --- | --- | --- |",
    )
    yield from rows
    for pair in compared:
        margin = "none differ" if pair.margin is None else f"{pair.margin:.1e}"
        yield (
            f"| {pair.one}, {pair.other} | {pair.same} of {pair.answers} "
            f"| {pair.largest:.1e} | {margin} |"
        )


if __name__ == "__main__":
    main()

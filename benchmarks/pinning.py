"""Pinning a snapshot against one thread of hashlib and against what this machine can hash at all.

    python benchmarks/pinning.py [--bytes 2000000000] [--files 1 4] [--rounds 3] [--json]

Every byte of the weights is hashed twice, for its file and for its tensor. The limit is all cores
hashing as many bytes that lie in their caches already; one thread of hashlib reads the files and
hashes each chunk twice. Files are warm, so that disks do not decide. The three are measured in
turns and the best round of each is kept, because a busy machine can only slow a round down.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from reprollm.snapshot.hashing import cores
from reprollm.snapshot.pin import pin

LAYERS = 32
CHUNK = 1 << 20
BLOCK = 1 << 24


@dataclass(frozen=True)
class Cost:
    """Wall seconds and CPU seconds of a piece of work."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """One snapshot and the best round of each way, wall and CPU seconds taken apart."""

    files: int
    gigabytes: float
    one_thread: Cost
    limit: Cost
    pinning: Cost

    @property
    def of_limit(self) -> float:
        """Speed of pinning as a part of the machine's limit; the goal is at least 0.9."""
        return self.limit.wall / self.pinning.wall

    @property
    def cpu_of_limit(self) -> float:
        """The same by CPU seconds, which other programs on the machine disturb less."""
        return self.limit.cpu / self.pinning.cpu

    @property
    def faster(self) -> float:
        """How many times faster than one thread of hashlib."""
        return self.one_thread.wall / self.pinning.wall


def measure(size: int, files: int, rounds: int) -> Measured:
    """Make a snapshot of `size` bytes of weights in `files` files and pin it `rounds` times."""
    with tempfile.TemporaryDirectory(prefix="pinning-") as place:
        folder = Path(place) / "model"
        make_snapshot(folder, size, files)
        total = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        ways: list[Callable[[], object]] = [
            lambda: hash_in_one_thread(folder),
            lambda: hash_memory(2 * total),
            lambda: pin(folder),
        ]
        costs = [[timed(way) for way in ways] for _ in range(rounds)]
    best = [
        Cost(min(cost.wall for cost in column), min(cost.cpu for cost in column))
        for column in zip(*costs, strict=True)
    ]
    return Measured(files, total / 1e9, *best)


def make_snapshot(folder: Path, size: int, files: int) -> None:
    """Write equal layers evenly spread over files, with the config that pinning reads."""
    folder.mkdir()
    side = int((size / LAYERS / 4) ** 0.5)
    each = side * side * 4
    block = os.urandom(BLOCK)
    (folder / "config.json").write_text('{"model_type": "none", "num_hidden_layers": 32}')
    for number in range(files):
        layers = range(number * LAYERS // files, (number + 1) * LAYERS // files)
        header = json.dumps(
            {
                f"layers.{layer}.weight": {
                    "dtype": "F32",
                    "shape": [side, side],
                    "data_offsets": [place * each, (place + 1) * each],
                }
                for place, layer in enumerate(layers)
            }
        ).encode()
        with (folder / f"part-{number}.safetensors").open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            for _ in layers:
                for start in range(0, each, BLOCK):
                    file.write(block[: min(BLOCK, each - start)])


def hash_in_one_thread(folder: Path) -> None:
    """Hash every weight file twice with hashlib, reading it once."""
    buffer = memoryview(bytearray(CHUNK))
    for path in sorted(folder.glob("*.safetensors")):
        whole, tensors = hashlib.sha256(), hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                whole.update(buffer[:count])
                tensors.update(buffer[:count])


def hash_memory(total: int) -> None:
    """Hash `total` bytes with every core, each hashing the same memory again and again."""
    share = total // cores()
    memory = os.urandom(CHUNK)

    def run() -> None:
        state = hashlib.sha256()
        for _ in range(share // CHUNK):
            state.update(memory)
        state.update(memory[: share % CHUNK])

    with ThreadPoolExecutor(max_workers=cores()) as pool:
        for future in [pool.submit(run) for _ in range(cores())]:
            future.result()


def timed(work: Callable[[], object]) -> Cost:
    """Return what `work` costs."""
    begun, spent = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - begun, time.process_time() - spent)


def show(results: list[Measured]) -> None:
    """Print one table: gigabytes hashed a second, and ratios."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"Pinning on {cores()} cores, GB hashed a second (every byte counts twice)",
        title_justify="left",
    )
    for column in (
        "files",
        "GB",
        "1 thread",
        "limit",
        "pin",
        "pin/limit",
        "by CPU",
        "pin/1 thread",
    ):
        table.add_column(column, justify="right")
    for result in results:
        hashed = 2 * result.gigabytes
        rates = (hashed / cost.wall for cost in (result.one_thread, result.limit, result.pinning))
        row = (result.gigabytes, *rates, *ratios(result).values())
        table.add_row(str(result.files), *(f"{value:.2f}" for value in row))
    Console().print(table)


def ratios(result: Measured) -> dict[str, float]:
    """Return the ratios that the table shows, by name."""
    names = ("of_limit", "cpu_of_limit", "faster")
    return {name: round(getattr(result, name), 3) for name in names}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytes", type=int, default=2_000_000_000, help="size of the weights")
    parser.add_argument("--files", type=int, nargs="+", default=[1, 4], help="spread over so many")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    results = [measure(arguments.bytes, files, arguments.rounds) for files in arguments.files]
    if arguments.json:
        print(json.dumps([asdict(result) | ratios(result) for result in results]))
    else:
        show(results)


if __name__ == "__main__":
    main()

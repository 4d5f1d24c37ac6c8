"""Two thousand changes of one byte each, over a real bundle: every one is caught or harmless.

Harmless is what leaves every file as it was: the dates, versions and attributes by which a zip
describes its members, which nobody relies on. Each such change is listed by its field, and both
verifiers must find that nothing else has changed.
"""

from __future__ import annotations

import random
import shutil
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attacks.judging import by_reprollm, by_verify_py
from attacks.world import World
from reprollm.errors import ReprollmError
from reprollm.review import verify as verify_py
from reprollm.review.files import check_files
from reprollm.review.unpacked import is_needed, unpack

CHANGES = 2000
SEED = 20_260_102
# Fields of a local header (APPNOTE.TXT, section 4.3.7) and of a directory's entry (4.3.12).
LOCAL = (
    ("mark", 4), ("version needed", 2), ("flags", 2), ("method", 2), ("time", 2), ("date", 2),
    ("checksum", 4), ("packed size", 4), ("size", 4), ("name length", 2), ("extra length", 2),
)  # fmt: skip
CENTRAL = (
    ("mark", 4), ("version made by", 2), ("version needed", 2), ("flags", 2), ("method", 2),
    ("time", 2), ("date", 2), ("checksum", 4), ("packed size", 4), ("size", 4), ("name length", 2),
    ("extra length", 2), ("comment length", 2), ("disk", 2), ("internal attributes", 2),
    ("external attributes", 4), ("offset", 4),
)  # fmt: skip
HARMLESS = frozenset(
    {"version needed", "version made by", "time", "date", "internal attributes",
     "external attributes"}
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A stretch of the archive: a field of a header, a name, or a member's content."""

    start: int
    length: int
    what: str
    member: str


def test_two_thousand_changed_bytes_are_caught_or_harmless(
    world: World, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    archive = tmp_path / "bundle.zip"
    shutil.copy(world.bundle, archive)
    content = archive.read_bytes()
    parts = list(parts_of(content))
    good = unpack(archive, _fresh(tmp_path / "good")).digests
    caught, harmless = 0, Counter[str]()
    for position, value in changes(content, parts):
        part = part_at(parts, position)
        with changed(archive, position, value, content[position]):
            seen = reprollm_sees(archive, tmp_path / "unpacked")
            where = f"{part.what} of {part.member}, byte {position} made {value:#x}"
            assert seen == verify_py_sees(archive), where
            if seen:
                caught += 1
                continue
            assert part.what in HARMLESS, where
            assert unpack(archive, _fresh(tmp_path / "unpacked"), keep=_small).digests == good
            harmless[part.what] += 1
    assert caught + sum(harmless.values()) == CHANGES
    reasons = ", ".join(f"{what} {count}" for what, count in sorted(harmless.items()))
    record_property(
        "counted",
        f"single-byte changes: {CHANGES}; {caught} caught by reprollm verify and by verify.py, "
        f"{sum(harmless.values())} harmless (no file differs; zip fields: {reasons})",
    )


def test_a_harmless_change_holds_on_every_level(world: World, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    content = world.bundle.read_bytes()
    for field in sorted(HARMLESS):
        part = next(p for p in parts_of(content) if p.what == field)
        made = bytearray(content)
        made[part.start] ^= 0x04
        archive.write_bytes(made)
        assert (by_reprollm(archive).code, by_verify_py(archive).code) == (0, 0), field


def changes(content: bytes, parts: list[Part]) -> Iterator[tuple[int, int]]:
    """Yield places and new values: by member, by field of the zip's structure, and by byte."""
    draw = random.Random(SEED)
    inside = [part for part in parts if part.what == "content" and part.length]
    around = [part for part in parts if part.what != "content" and part.length]
    for number in range(CHANGES):
        if number % 4 == 0:
            position = draw.randrange(len(content))
        else:
            part = draw.choice(inside if number % 4 < 3 else around)
            position = part.start + draw.randrange(part.length)
        yield position, draw.choice([v for v in range(256) if v != content[position]])


def reprollm_sees(archive: Path, folder: Path) -> bool:
    """Return whether level 0 of `reprollm verify` finds anything wrong."""
    try:
        found = unpack(archive, _fresh(folder), keep=_small)
    except ReprollmError:
        return True
    return bool(check_files(found).findings.defects)


def verify_py_sees(archive: Path) -> bool:
    """Return whether level 0 of `verify.py` finds anything wrong."""
    report = verify_py.Report()
    try:
        source = verify_py.open_source(str(archive))
    except (verify_py.Defect, verify_py.Unreadable):
        return True
    digests = verify_py.check_files(source, {}, report)
    verify_py.check_statement(source, digests, report)
    return bool(report.problems)


def parts_of(content: bytes) -> Iterator[Part]:
    """Yield the stretches of an archive in order, without gaps."""
    end = len(content) - 22
    _, _, _, _, count, _, start, _ = struct.unpack_from("<4s4H2LH", content, end)
    at, entries = start, []
    for _ in range(count):
        names = struct.unpack_from("<3H", content, at + 28)
        (offset,) = struct.unpack_from("<L", content, at + 42)
        entries.append((offset, at, content[at + 46 : at + 46 + names[0]].decode()))
        at += 46 + sum(names)
    for offset, central, name in sorted(entries):
        (size,) = struct.unpack_from("<L", content, central + 20)
        length, extra = struct.unpack_from("<2H", content, offset + 26)
        yield from _fields(offset, LOCAL, name)
        yield Part(offset + 30, length, "name", name)
        yield Part(offset + 30 + length + extra, size, "content", name)
    for _, central, name in sorted(entries, key=lambda entry: entry[1]):
        yield from _fields(central, CENTRAL, name)
        yield Part(central + 46, len(name.encode()), "name", name)
    yield Part(end, 22, "end of the directory", "the archive")


def part_at(parts: list[Part], position: int) -> Part:
    """Return the stretch in which a byte lies."""
    filled = [part for part in parts if part.length]
    return filled[bisect_right([part.start for part in filled], position) - 1]


@contextmanager
def changed(archive: Path, position: int, value: int, before: int) -> Iterator[None]:
    """Give one byte another value for a while."""
    with archive.open("r+b") as file:
        file.seek(position)
        file.write(bytes([value]))
        file.flush()
        yield
        file.seek(position)
        file.write(bytes([before]))


def _fields(start: int, fields: tuple[tuple[str, int], ...], name: str) -> Iterator[Part]:
    for what, length in fields:
        yield Part(start, length, what, name)
        start += length


def _small(path: str) -> bool:
    """Return whether level 0 reads a member again after hashing it."""
    return is_needed(path) and ("/" not in path or path.startswith("ledger/keys/"))


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder

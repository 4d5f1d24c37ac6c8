"""An unpacked bundle in an attacker's hands, and all that he can recompute without a key."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.bundles.members import Member, measure
from reprollm.bundles.statement import NOTE, SSHSIG, SUMS, UNLISTED
from reprollm.canon import dumps
from reprollm.ledger import projection
from reprollm.ledger.segments import read_checkpoints, read_segments
from reprollm.publish.archive import write_archive
from reprollm.records.merkle import Frontier, leaf_hash

Record = dict[str, Any]
# Kinds of records that name a checkpoint.
_OF_THE_LOG = (b"start", b"estimate", b"comparison", b"claim")


@dataclass
class Forgery:
    """A copy of a bundle that is being changed; paths are those in the bundle."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def replace(self, path: str, old: bytes, new: bytes) -> None:
        """Change the first place where a file holds `old`."""
        content = self.read(path)
        assert old in content, f"{path} does not hold {old!r}"
        self.write(path, content.replace(old, new, 1))

    def flip(self, path: str, at: int) -> None:
        """Change one bit of one byte; the byte stays a letter or digit where it was one."""
        content = bytearray(self.read(path))
        content[at] ^= 1
        self.write(path, bytes(content))

    def flip_after(self, path: str, mark: bytes, skip: int = 0) -> None:
        """Change one bit of the byte that stands `skip` bytes behind a mark."""
        self.flip(path, self.read(path).index(mark) + len(mark) + skip)

    def paths(self) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def one(self, pattern: str) -> str:
        """Return the first path that matches a pattern."""
        found = sorted(self.root.glob(pattern))
        assert found, pattern
        return found[0].relative_to(self.root).as_posix()

    def shard(self, kind: str) -> str:
        """Return the first shard that holds a record of a kind."""
        mark = b'"kind":"%s"' % kind.encode()
        for path in sorted(self.root.glob("ledger/shards/**/*.jsonl")):
            if mark in path.read_bytes():
                return path.relative_to(self.root).as_posix()
        raise AssertionError(kind)

    def lines(self, path: str) -> list[bytes]:
        return self.read(path).split(b"\n")[:-1]

    def write_lines(self, path: str, lines: list[bytes]) -> None:
        self.write(path, b"".join(line + b"\n" for line in lines))

    def records(self, path: str) -> list[Record]:
        return [json.loads(line) for line in self.lines(path)]

    def edit(self, kind: str, change: Callable[[Record], None], number: int = 0) -> str:
        """Change the `number`-th record of a kind; its openings follow its new leaf.

        Returns the path of its shard.
        """
        path = self.shard(kind)
        lines, seen = self.lines(path), -1
        for place, line in enumerate(lines):
            record = json.loads(line)
            seen += record["kind"] == kind
            if seen == number and record["kind"] == kind:
                change(record)
                lines[place] = dumps(record)
                self.follow(path, line, lines[place])
                break
        else:
            raise AssertionError((kind, number))
        self.write_lines(path, lines)
        return path

    def follow(self, shard: str, old: bytes, new: bytes) -> None:
        """Let the openings of a changed record name its new leaf."""
        path = shard.replace("/shards/", "/openings/")
        if (self.root / path).is_file():
            leaves = leaf_hash(old).hex().encode(), leaf_hash(new).hex().encode()
            self.write(path, self.read(path).replace(*leaves))

    # What can be recomputed without a key ------------------------------------------------------

    def rename(self) -> None:
        """Name each shard, and its openings, by its bytes, and let the segments name it so."""
        for segment in sorted(self.root.glob("ledger/log/*.segment.json")):
            value = json.loads(segment.read_bytes())
            for entry in value["shards"]:
                self._rename(entry)
            segment.write_bytes(dumps(value) + b"\n")

    def relog(self, *, starts: bool = True) -> None:
        """Make the whole log anew: names, segments, roots, checkpoints.

        With `starts`, each attempt names the new root of the checkpoint that it saw, and so do
        estimates, comparisons and claims.
        """
        tree, origin, roots, moved = Frontier(), "", {}, {}
        for file in sorted(self.root.glob("ledger/log/*.checkpoint")):
            file.unlink()
        for segment in sorted(self.root.glob("ledger/log/*.segment.json")):
            value = json.loads(segment.read_bytes())
            value["first"] = tree.size
            before = value["size"], value["root"]
            for entry in value["shards"]:
                self._settle(entry, roots if starts else {}, moved if starts else {})
                for line in self.lines(_place("shards", entry)):
                    tree.append(leaf_hash(line))
                    if tree.size == 1:
                        origin = f"{value['origin'][:-16]}{leaf_hash(line).hex()[:16]}"
            value |= {"origin": origin, "size": tree.size, "root": tree.root().hex()}
            value["frontier"] = [item.hex() for item in tree.roots]
            moved[before] = roots[value["number"]] = (tree.size, tree.root().hex())
            segment.write_bytes(dumps(value) + b"\n")
            body = f"{origin}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"
            self.write(f"ledger/log/{tree.size:012d}.checkpoint", body.encode())

    def project(self) -> None:
        """Build `ledger.duckdb` anew from what is there."""
        projection.build(self.ledger, read_segments(self.ledger), read_checkpoints(self.ledger))

    def list_files(self) -> None:
        """Make `SHA256SUMS` anew, and the note's four lines; signatures stay as they were."""
        listed = "".join(
            f"{hashlib.sha256(self.read(path)).hexdigest()}  {path}\n"
            for path in sorted(self.paths(), key=str.encode)
            if path not in UNLISTED
        )
        self.write(SUMS, listed.encode())
        _, empty, signatures = self.read(NOTE).decode().partition("\n\n")
        last = read_checkpoints(self.ledger)[-1]
        body = "\n".join(
            (
                "reprollm-bundle/v1",
                last.origin,
                f"{last.size} {base64.b64encode(last.root).decode()}",
                hashlib.sha256(listed.encode()).hexdigest(),
            )
        )
        self.write(NOTE, f"{body}\n{empty[:1]}{signatures}".encode())

    def unsign_bundle(self) -> None:
        """Take the signatures over the bundle away."""
        self.write(NOTE, self.read(NOTE).partition(b"\n\n")[0].rstrip(b"\n") + b"\n")
        (self.root / SSHSIG).unlink(missing_ok=True)

    def unsign_log(self) -> None:
        """Take the signatures and time stamps of checkpoints, and all keys, away."""
        for name in ("signatures", "keys"):
            shutil.rmtree(self.ledger / name, ignore_errors=True)

    def zip(self, path: Path) -> Path:
        """Pack the folder as publication does."""
        members = [measure(Member(name, self.root / name)) for name in self.paths()]
        write_archive(path, members, replace=True)
        return path

    def _rename(self, entry: Record) -> None:
        old = dict(entry)
        content = self.read(_place("shards", old))
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        entry["records"] = content.count(b"\n")
        for folder in ("shards", "openings"):
            if (self.root / _place(folder, old)).is_file():
                (self.root / _place(folder, old)).rename(self.root / _place(folder, entry))

    def _settle(
        self,
        entry: Record,
        roots: dict[int, tuple[int, str]],
        moved: dict[tuple[int, str], tuple[int, str]],
    ) -> None:
        """Let what a shard says of the log name the log's new roots, and rename it."""
        path = _place("shards", entry)
        lines = self.lines(path)
        for place, line in enumerate(lines):
            if not any(b'"kind":"%s"' % kind in line for kind in _OF_THE_LOG):
                continue
            record = json.loads(line)
            known, seen = list(roots.values()), record["checkpoint"]
            if record["kind"] == "start" and known and seen["size"] <= known[-1][0]:
                record["checkpoint"] = {"size": known[-1][0], "root": known[-1][1]}
            elif record["kind"] != "start" and (seen["size"], seen["root"]) in moved:
                size, root = moved[seen["size"], seen["root"]]
                record["checkpoint"] = {"size": size, "root": root}
            lines[place] = dumps(record)
        self.write_lines(path, lines)
        self._rename(entry)


def forgery(bundle: Path, folder: Path) -> Forgery:
    """Return a copy of an unpacked bundle that may be changed."""
    shutil.copytree(bundle, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Forgery(folder)


def _place(folder: str, entry: Record) -> str:
    return f"ledger/{folder}/{entry['group']}/{entry['sha256']}.jsonl"


def naive(forged: Forgery) -> None:
    """The change, and nothing else."""


def listed(forged: Forgery) -> None:
    """The list of files made anew; the author's signatures stand under it."""
    forged.list_files()


def unsigned(forged: Forgery) -> None:
    """The list of files made anew and the signatures over the bundle taken away."""
    forged.unsign_bundle()
    forged.list_files()


def renamed(forged: Forgery) -> None:
    """As `unsigned`, shards renamed by their new bytes; roots stay."""
    forged.rename()
    forged.project()
    unsigned(forged)


def projected(forged: Forgery) -> None:
    """As `unsigned`, with a fresh `ledger.duckdb`."""
    forged.project()
    unsigned(forged)


def relogged(forged: Forgery) -> None:
    """The whole log, its projection and the list made anew; no signature is left."""
    forged.relog()
    forged.project()
    forged.unsign_log()
    unsigned(forged)


def relogged_signed(forged: Forgery) -> None:
    """As `relogged`, but the author's signatures of the log are left where they are."""
    forged.relog()
    forged.project()
    unsigned(forged)

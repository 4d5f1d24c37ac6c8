"""What a scan leaves in a folder: findings to publish, and what only its owner should see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reprollm.canon import Json, dumps
from reprollm.corpus.check import Checked
from reprollm.corpus.evidence import ScanFinding, scan_findings
from reprollm.corpus.result import ScanResult

FINDINGS = "findings.jsonl"
MATCHES = "matches.jsonl"
FILES = "files.jsonl"
EXCERPTS = "excerpts.jsonl"
JOURNAL = "journal"


def write_report(folder: Path, checked: Checked, name: str, fraction: str) -> None:
    """Write the report's files, canonical JSON lines, the same for the same scan.

    `findings.jsonl`: the finding of the set, then those of items; `matches.jsonl`: every listed
    match with the hash of its text; `files.jsonl`: what was read of each file; `excerpts.jsonl`:
    the beginnings of the matched texts, which stay here.
    """
    findings: Iterator[dict[str, Json]] = (
        {"subject": found.subject, "evidence": found.evidence}
        for found in scan_findings(checked, name, fraction)
    )
    _write(folder / FINDINGS, findings)
    _write(folder / MATCHES, match_lines(checked.result))
    _write(folder / FILES, file_lines(checked.result))
    _write(folder / EXCERPTS, _excerpt_lines(checked.result))


def write_findings(path: Path, findings: Iterable[ScanFinding]) -> None:
    """Write findings as canonical JSON lines."""
    _write(path, ({"subject": each.subject, "evidence": each.evidence} for each in findings))


def match_lines(result: ScanResult) -> Iterator[dict[str, Json]]:
    """Yield the listed matches, without any text."""
    for match in result.matches:
        yield {
            "item": match.item,
            "start": match.start,
            "length": match.length,
            "skipped": match.skipped,
            "document": match.document,
            "offset": match.offset,
            "end": match.end,
            "sha256": match.digest,
        }


def file_lines(result: ScanResult) -> Iterator[dict[str, Json]]:
    """Yield what was read of each file."""
    for file in result.files:
        yield dict(vars(file))


def _excerpt_lines(result: ScanResult) -> Iterator[dict[str, Json]]:
    for match in result.matches:
        yield {
            "item": match.item,
            "document": match.document,
            "offset": match.offset,
            "excerpt": match.excerpt,
        }


def _write(path: Path, lines: Iterable[dict[str, Json]]) -> None:
    """Write the lines; a file appears whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.writelines(dumps(_harmless(line)) + b"\n" for line in lines)
    part.replace(path)


def _harmless(value: Json) -> Json:
    """Return the value with halves of characters, which ids and names may hold, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _harmless(each) for key, each in value.items()}
    return [_harmless(each) for each in value] if isinstance(value, list) else value

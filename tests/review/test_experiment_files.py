"""The experiment's files in a bundle are those that the plans name: templates, folders, locks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reprollm.canon import digest
from reprollm.experiment.importers.imported import FOLDER_TAG
from reprollm.review import verify as standalone
from reprollm.review.experiment import check_experiment
from reprollm.review.levels import FILES, Findings
from reprollm.review.unpacked import Unpacked


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


FILES_HERE = {
    "experiment/data/plays/a.xml": sha("a"),
    "experiment/data/plays/part/B.XML": sha("b"),
    "experiment/data/plays/notes.md": sha("notes"),
    "experiment/prompts/plain.jinja": sha("plain"),
    "experiment/prompts/long.jinja": sha("long"),
}
FOLDER = digest(
    FOLDER_TAG,
    b"a.xml", bytes.fromhex(sha("a")), b"part/B.XML", bytes.fromhex(sha("b")),
)  # fmt: skip
CORE: dict[str, Any] = {
    "data_sha256": FOLDER,
    "data_folder": {"path": "data/plays", "endings": [".xml"]},
    "prompts": [
        {"name": "plain", "template_sha256": sha("plain")},
        {"name": "long", "template_sha256": sha("long")},
    ],
}


def judged(
    files: Mapping[str, str], core: Mapping[str, Any] = CORE, left_out: Mapping[str, str] = {}
) -> tuple[list[str], list[str]]:
    """Return defects and what could not be checked, after both verifiers agreed on them."""
    findings = Findings(FILES)
    check_experiment(Unpacked(Path(), dict(files)), [core], left_out, findings)
    report = standalone.Report()
    redaction = standalone.Redaction(frozenset(), 0, dict(left_out)) if left_out else None
    source = standalone.Source("", {}, None)
    standalone.check_experiment(source, dict(files), [dict(core)], redaction, report)
    level = report.to_json()["levels"][FILES]
    ours = [found.sentence for found in findings.defects]
    assert len(ours) == len(report.to_json()["problems"])
    assert len(findings.unchecked) == len(level["unchecked"])
    assert len(findings.checked) == len(level["checked"])
    return ours, findings.unchecked


def test_a_folder_and_all_templates_are_found_by_what_the_plan_names() -> None:
    assert judged(FILES_HERE) == ([], [])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("experiment/data/plays/a.xml", "the data file"),
        ("experiment/data/plays/part/B.XML", "the data file"),
        ("experiment/prompts/long.jinja", "the prompt 'long'"),
    ],
)
def test_a_changed_or_missing_file_is_named(name: str, what: str) -> None:
    without = {path: value for path, value in FILES_HERE.items() if path != name}
    for files in ({**FILES_HERE, name: sha("other")}, without):
        [sentence], _ = judged(files)
        assert what in sentence


def test_a_file_too_many_in_the_folder_is_named() -> None:
    [sentence], _ = judged({**FILES_HERE, "experiment/data/plays/c.xml": sha("c")})
    assert "the data file" in sentence


def test_a_file_that_does_not_count_may_be_another() -> None:
    assert judged({**FILES_HERE, "experiment/data/plays/notes.md": sha("more")}) == ([], [])


def test_a_folder_of_which_files_are_left_out_is_not_checked_but_no_defect() -> None:
    name = "experiment/data/plays/a.xml"
    here = {path: value for path, value in FILES_HERE.items() if path != name}
    defects, unchecked = judged(here, left_out={name: sha("a")})
    assert not defects and "left out" in unchecked[0]
    [sentence], _ = judged(here, left_out={name: sha("other")})
    assert "the data file" in sentence


@pytest.mark.parametrize(
    "folder", [None, [], {"path": "data/plays"}, {"path": 1, "endings": [[]]}, {"endings": 3}]
)
def test_a_malformed_folder_is_a_defect_and_no_crash(folder: Any) -> None:
    [sentence], _ = judged(FILES_HERE, {**CORE, "data_folder": folder})
    assert "the data file" in sentence


@pytest.mark.parametrize("prompts", [["plain"], [{}], [{"name": 1, "template_sha256": None}]])
def test_malformed_prompts_are_a_defect_and_no_crash(prompts: Any) -> None:
    [sentence], _ = judged(FILES_HERE, {**CORE, "prompts": prompts})
    assert "the template of the prompt" in sentence

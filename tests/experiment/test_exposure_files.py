"""Declarations and policies: read strictly, every file they name held to its digest."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from reprollm.errors import DataInvalid, ExperimentInvalid, InvalidInput
from reprollm.experiment.declaring import add_entry, evidence_of
from reprollm.experiment.exposure import read_declarations, read_policy
from reprollm.exposure.declared import Declared

COPY = b"first seen here\n"
DIGEST = hashlib.sha256(COPY).hexdigest()
HEAD = "schema: reprollm/declarations/1\n"
EVIDENCE = f"{{type: page, file: kept/page.html, sha256: {DIGEST}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "page.html").write_bytes(COPY)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "declarations.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_every_kind_of_entry_becomes_declarations(folder: Path) -> None:
    (folder / "policy.yaml").write_text(POLICY.format(digest=DIGEST), encoding="utf-8")
    snapshot = "5" * 64
    text = f"""\
use:
  - {{where: browser, service: Chat, fields: [source_text, gold], from: 2023-02, until: 2023-03}}
publications:
  - {{items: [i1, "2"], url: "https://example.org", first_seen: 2021-05-04, evidence: {EVIDENCE}}}
creations:
  - {{fields: [gold], created: 2025-02, evidence: {{type: statement}}}}
expected:
  - {{because: printed in 1775}}
releases:
  - {{snapshot: "{snapshot}", released: 2024-04-18, cutoff: 2023-12, evidence: {EVIDENCE}}}
policies:
  - {{endpoint: "https://api.example.org", file: policy.yaml}}
paper: {{title: Briefe, published: true, split: test, split_items: 100}}
"""
    found = read_declarations(write(folder, text))
    assert [(each.what, each.subject, each.field) for each in found.declared] == [
        ("use", "*", "source_text"),
        ("use", "*", "gold"),
        ("publication", "i1", None),
        ("publication", "2", None),
        ("creation", "*", "gold"),
        ("publication", "*", "source_text"),
        ("release", snapshot, None),
        ("policy", "https://api.example.org", None),
    ]
    dates = [each.dated.last if each.dated else None for each in found.declared]
    assert dates == [None, None, "2021-05-04", "2021-05-04", None, None, "2024-04-18", None]
    assert found.paper is not None and found.paper.split_items == 100


def test_no_use_is_declared_by_an_empty_list_alone(folder: Path) -> None:
    assert read_declarations(write(folder, "")).declared == ()
    declared = read_declarations(write(folder, "use: []\n")).declared
    assert declared == (Declared("use", "*", None, {"outside": False}),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("uses: []", "unknown key 'uses'.*did you mean 'use'"),
        ("use:\n  - {where: browser}", "key 'service'"),
        ("use:\n  - {where: pub, service: x}", "'browser'"),
        ("use:\n  - {where: browser, service: x, frm: 2023}", "unknown key 'frm'"),
        ("use:\n  - {where: browser, service: x, from: May}", "a date such as 2024"),
        ("use:\n  - {where: browser, service: x, fields: [answer]}", "gold"),
        ("publications:\n  - {url: x, items: []}", "at least 1"),
        ("creations:\n  - {created: 2023-02-30}", "a date such as"),
        ("releases:\n  - {snapshot: abc}", "64 hex digits"),
        ("publications:\n  - {url: x, evidence: {type: page, file: kept/page.html}}", "SHA-256"),
        ("publications:\n  - {url: x, evidence: {type: page, file: ../x}}", "relative path"),
        ("paper: {split_items: 0}", "greater than or equal to 1|at least"),
        ("paper: {published: maybe}", "boolean"),
        ("use: &a []", "anchors"),
        ("- x", "expected"),
    ],
)
def test_every_defect_is_one_sentence(text: str, words: str, folder: Path) -> None:
    with pytest.raises(ExperimentInvalid, match=words) as refused:
        read_declarations(write(folder, text))
    assert "\n" not in str(refused.value)
    assert "declarations.yaml" in str(refused.value)


def test_a_file_that_was_changed_or_is_gone_is_refused(folder: Path) -> None:
    path = write(folder, f"publications:\n  - {{url: x, first_seen: 2020, evidence: {EVIDENCE}}}\n")
    (folder / "kept" / "page.html").write_bytes(COPY + b"!")
    with pytest.raises(DataInvalid, match=f"{DIGEST}.*it was changed"):
        read_declarations(path)
    (folder / "kept" / "page.html").unlink()
    with pytest.raises(DataInvalid, match="No such file"):
        read_declarations(path)


def test_evidence_behind_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    inner = folder / "inner"
    (inner / "kept").mkdir(parents=True)
    (inner / "kept" / "page.html").symlink_to(folder / "kept" / "page.html")
    text = f"publications:\n  - {{url: x, evidence: {EVIDENCE}}}\n"
    with pytest.raises(DataInvalid, match="link out"):
        read_declarations(write(inner, text))


POLICY = """\
schema: reprollm/policy/1
trains_on_inputs: no
retention_days: 30
url: https://example.org/terms
retrieved: 2026-10-01
evidence: {{type: page, file: kept/page.html, sha256: {digest}}}
"""


def test_a_policy_says_what_becomes_of_inputs(folder: Path) -> None:
    path = folder / "policy.yaml"
    path.write_text(POLICY.format(digest=DIGEST), encoding="utf-8")
    policy = read_policy(path)
    assert policy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (policy.facts["trains_on_inputs"], policy.facts["retention_days"]) == ("no", 30)
    path.write_text(POLICY.format(digest="f" * 64), encoding="utf-8")
    with pytest.raises(DataInvalid, match=DIGEST):
        read_policy(path)
    path.write_text(POLICY.format(digest=DIGEST).replace(": no", ": maybe"), encoding="utf-8")
    with pytest.raises(ExperimentInvalid, match="opt_out"):
        read_policy(path)


def git(folder: Path, *arguments: str) -> bytes:
    """Run git as someone who commits in February 2025 what was written in 2001."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
        "GIT_COMMITTER_DATE": "2025-02-03T04:05:06Z",
    }
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, check=True
    ).stdout


@pytest.fixture
def commit(folder: Path) -> str:
    """Commit the kept file and keep the commit's object; return its id."""
    git(folder, "init", "-q", ".")
    git(folder, "add", "kept")
    git(folder, "commit", "-q", "-m", "items")
    name = git(folder, "rev-parse", "HEAD").decode().strip()
    (folder / "kept" / "commit").write_bytes(git(folder, "cat-file", "commit", name))
    return name


def creation(folder: Path, commit: str, created: str = "2025-02-03") -> Path:
    digest = hashlib.sha256((folder / "kept" / "commit").read_bytes()).hexdigest()
    told = f"{{type: git_commit, commit: {commit}, file: kept/commit, sha256: {digest}}}"
    return write(folder, f"creations:\n  - {{created: {created}, evidence: {told}}}\n")


def test_a_commit_proves_by_its_committer_s_time(folder: Path, commit: str) -> None:
    [declared] = read_declarations(creation(folder, commit)).declared
    assert declared.proved
    assert declared.dated is not None and declared.dated.first == "2025-02-03"
    with pytest.raises(DataInvalid, match="found 2025-02-03T04:05:06Z"):
        read_declarations(creation(folder, commit, "2025-02-04"))


def test_a_commit_that_was_edited_proves_nothing(folder: Path, commit: str) -> None:
    kept = folder / "kept" / "commit"
    kept.write_bytes(kept.read_bytes().replace(b"items", b"later"))
    with pytest.raises(DataInvalid, match="expected the bytes of commit"):
        read_declarations(creation(folder, commit))


def test_an_entry_is_added_beside_what_its_author_wrote(folder: Path) -> None:
    path = write(folder, "# by hand\nuse: []   # none until 2025\n")
    evidence = evidence_of(folder, "page", folder / "kept" / "page.html", url="https://x.org")
    entry = {"url": "https://x.org", "first_seen": "2021-05-04", "evidence": evidence}
    found = add_entry(path, "publications", entry, read_declarations)
    assert [each.what for each in found.declared] == ["use", "publication"]
    assert found.declared[1].dated is not None
    text = path.read_text(encoding="utf-8")
    assert "# by hand" in text and "# none until 2025" in text
    before = path.read_bytes()
    with pytest.raises(ExperimentInvalid, match=r"declarations\.yaml"):
        add_entry(path, "creations", {"created": "soon"}, read_declarations)
    assert path.read_bytes() == before
    assert sorted(each.name for each in folder.iterdir()) == ["declarations.yaml", "kept"]


def test_evidence_outside_the_folder_is_not_kept_with_the_experiment(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="kept with the experiment"):
        evidence_of(folder / "kept", "page", folder / "declarations.yaml")

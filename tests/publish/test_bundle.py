"""`reprollm publish`: what goes into a bundle, and when none is made."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command import Run, runner
from publish.finished import REQUESTS, Finished, contents, imported
from reprollm.bundles.statement import Signers
from reprollm.errors import (
    Busy,
    CommitmentMismatch,
    FileChanged,
    InvalidInput,
    LeafMismatch,
    SignatureMismatch,
    StorageFailed,
)
from reprollm.ledger.lock import writing
from reprollm.ledger.segments import read_checkpoints
from reprollm.ledger.verify import verify
from reprollm.publish.bundle import publish
from reprollm.publish.order import Order, Published
from reprollm.publish.readme import plain
from reprollm.signing import note, sshsig
from reprollm.signing.note_key import new_signing_key, parse_verifier_key
from reprollm.signing.ssh_key import parse_line
from reprollm.signing.store import add_note


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finished: Finished
) -> Run:
    monkeypatch.chdir(finished.folder)
    monkeypatch.setenv("REPROLLM_KEY", "/nowhere/note.key")
    return runner(monkeypatch, capsys)


def test_the_unpacked_files_are_those_of_the_list(unpacked_once: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=unpacked_once, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    listed = [line[66:] for line in (unpacked_once / "SHA256SUMS").read_text().splitlines()]
    files = {str(p.relative_to(unpacked_once)) for p in unpacked_once.rglob("*") if p.is_file()}
    assert set(listed) == files - {"SHA256SUMS", "bundle.note"}
    assert listed == sorted(listed, key=str.encode)


def test_pythons_own_zipfile_reads_it(published_once: Published) -> None:
    command = [sys.executable, "-m", "zipfile", "--test", str(published_once.path)]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_everything_that_a_reviewer_needs_is_in_it(unpacked_once: Path) -> None:
    for name in (
        "README.md", "SPEC.md", "SCORES.md", "CONCLUSIONS.md", "verify.py", "verify.sql",
        "bundle.note", "CITATION.cff", "codecheck.yml", "ro-crate-metadata.json",
        "provenance/prov.jsonld", "tables/README.md",
        "LICENSES/README.md", "LICENSES/Apache-2.0.txt", "workflow/Snakefile",
        "workflow/rules/generate.smk", "environment/pinned/transformers.yaml",
        "experiment/experiment.yaml", "experiment/README.md", "experiment/data/items.csv",
        "experiment/data/LICENSE", "experiment/prompts/ask.jinja",
        "experiment/models/tiny.lock.json", "ledger/ledger.duckdb",
    ):  # fmt: skip
        assert (unpacked_once / name).stat().st_size > 0, name


def test_the_pages_that_define_the_numbers_lead_to_each_other(unpacked_once: Path) -> None:
    names = ("SPEC.md", "SCORES.md", "CONCLUSIONS.md")
    pages = {name: (unpacked_once / name).read_text("utf-8") for name in names}
    headings = {name: set(re.findall(r"(?m)^#+ (.+)$", page)) for name, page in pages.items()}
    places = {
        name: {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}
        for name, found in headings.items()
    }
    led_to = set()
    for name, page in pages.items():
        for target, place in re.findall(r"\]\(([^()#\s]*)#?([^()\s]*)\)", page):
            assert (target or name) in names, (name, target)
            assert not place or place in places[target or name], (name, target, place)
            led_to.add(target)
    assert led_to == {"", *names}


def test_nothing_goes_in_that_nobody_named(finished: Finished, tmp_path: Path) -> None:
    for name in ("receipts/x.json", "journals/x", "scores/x.parquet", "keys/notes.txt"):
        (finished.ledger / name).parent.mkdir(exist_ok=True)
        (finished.ledger / name).write_text("private")
    uncommitted = finished.ledger / "shards" / "note" / f"{'0' * 64}.jsonl"
    uncommitted.parent.mkdir()
    uncommitted.write_text("{}\n")
    bundle = publish(finished.order(tmp_path / "bundle.zip")).path
    names = contents(bundle).keys()
    assert not [name for name in names if "safetensors" in name or "notes.txt" in name]
    top = {name.split("/")[1] for name in names if name.startswith("ledger/")}
    assert top == {"shards", "openings", "log", "plans", "ledger.duckdb"}
    assert not [name for name in names if "0" * 64 in name]


def test_the_ledger_in_it_is_a_ledger(unpacked_once: Path) -> None:
    report = verify(unpacked_once / "ledger")
    assert report.problems == ()
    assert [(run.planned, run.answered) for run in report.runs] == [(REQUESTS, REQUESTS)]


def test_the_verifier_in_it_says_that_it_holds(unpacked_once: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py"], cwd=unpacked_once, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_note_binds_the_list_to_the_log(unpacked_once: Path, finished_once: Finished) -> None:
    last = read_checkpoints(finished_once.ledger)[-1]
    sums = hashlib.sha256((unpacked_once / "SHA256SUMS").read_bytes()).hexdigest()
    root = base64.b64encode(last.root).decode()
    assert (unpacked_once / "bundle.note").read_text() == (
        f"reprollm-bundle/v1\n{last.origin}\n{last.size} {root}\n{sums}\n"
    )


def test_publishing_twice_gives_the_same_bytes(
    finished_once: Finished, published_once: Published, tmp_path: Path
) -> None:
    again = publish(finished_once.order(tmp_path / "again.zip"))
    assert again.fresh
    assert again.path.read_bytes() == published_once.path.read_bytes()


def test_another_place_user_and_country_give_the_same_bytes(
    finished: Finished, published_once: Published, tmp_path: Path
) -> None:
    elsewhere = Finished(tmp_path / "ein Ordner" / "Arbeit")
    shutil.copytree(finished.folder, elsewhere.folder, copy_function=shutil.copyfile)
    done = subprocess.run(
        ["bash", "-c", 'umask 077; exec "$@"', "-", *elsewhere.command("-o", "out/bundle.zip")],
        cwd=elsewhere.folder,
        env={
            **os.environ, "REPROLLM_KEY": "/nowhere", "TZ": "Pacific/Kiritimati", "LC_ALL": "C",
            "HOME": str(tmp_path), "USER": "somebody", "PYTHONHASHSEED": "7",
        },
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    bundle = elsewhere.folder / "out" / "bundle.zip"
    assert bundle.read_bytes() == published_once.path.read_bytes()


def test_nothing_of_this_machine_is_in_what_publication_adds(
    published_once: Published, finished_once: Finished
) -> None:
    needles = {str(finished_once.folder), str(published_once.path.parent), str(Path.home())}
    shipped = (
        "workflow/", "environment/pinned/", "verify.", "SPEC.md", "SCORES.md", "CONCLUSIONS.md",
        "LICENSES/Apache",
    )  # fmt: skip
    for name, content in contents(published_once.path).items():
        if not name.startswith(shipped):
            found = {needle for needle in needles if needle.encode() in content}
            assert not found, name


@pytest.mark.parametrize("kind", ["note", "ssh"])
def test_a_signature_is_over_the_four_lines_and_its_key_beside_it(
    finished: Finished, tmp_path: Path, kind: str
) -> None:
    if kind == "note":
        signers = Signers(note=new_signing_key("example.org/jane"))
    else:
        ssh = tmp_path / "id"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(ssh)], check=True
        )
        signers = Signers(ssh=ssh)
    first = publish(finished.order(tmp_path / "a.zip", signers=signers))
    members = contents(first.path)
    if kind == "note":
        [key] = [v for k, v in members.items() if re.match(r"ledger/keys/[0-9a-f]{8}\.vkey$", k)]
        signed = note.parse(members["bundle.note"])
        verified = note.verify(signed, [parse_verifier_key(key.decode().rstrip("\n"))])
        assert [key.name for key in verified.keys] == ["example.org/jane"]
        text = signed.text
    else:
        [key] = [v for k, v in members.items() if re.match(r"ledger/keys/[0-9a-f]{16}\.pub$", k)]
        text = members["bundle.note"].decode()
        found = sshsig.verify(members["bundle.sshsig"], text.encode(), "reprollm-bundle@v1")
        assert found.key == parse_line(key.decode().rstrip("\n"))
    assert first.signed
    assert text == first.statement
    assert publish(finished.order(tmp_path / "b.zip", signers=signers)).path.read_bytes() == (
        first.path.read_bytes()
    )


def test_signatures_of_checkpoints_go_with_the_log(finished: Finished, tmp_path: Path) -> None:
    last = read_checkpoints(finished.ledger)[-1]
    key = new_signing_key("example.org/jane")
    path = add_note(finished.ledger, last, note.sign(last.body(), key), key.verifier())
    done = publish(finished.order(tmp_path / "a.zip"))
    members = contents(done.path)
    assert members[f"ledger/signatures/{path.name}"] == path.read_bytes()
    assert done.checkpoint_signers == ("example.org/jane",)
    assert b"Signed by: example.org/jane." in members["README.md"]


def test_a_signature_that_does_not_hold_is_not_published(
    finished: Finished, tmp_path: Path
) -> None:
    last = read_checkpoints(finished.ledger)[-1]
    key, other = new_signing_key("example.org/jane"), new_signing_key("example.org/jane")
    add_note(finished.ledger, last, note.sign(last.body(), other), key.verifier())
    with pytest.raises(SignatureMismatch):
        publish(finished.order(tmp_path / "a.zip"))
    assert not (tmp_path / "a.zip").exists()


def test_a_private_key_among_the_public_ones_is_refused(finished: Finished, tmp_path: Path) -> None:
    (finished.ledger / "keys").mkdir()
    (finished.ledger / "keys" / "01234567.vkey").write_text(new_signing_key("a").text() + "\n")
    with pytest.raises(InvalidInput, match=r"found a private key in 01234567\.vkey"):
        publish(finished.order(tmp_path / "a.zip"))


def test_a_ledger_that_does_not_hold_is_not_published(finished: Finished, tmp_path: Path) -> None:
    [openings] = (finished.ledger / "openings").glob("plan-*/*.jsonl")
    openings.chmod(0o644)
    openings.write_bytes(openings.read_bytes().replace(b"vnd 1", b"vnd 7"))
    with pytest.raises(CommitmentMismatch):
        publish(finished.order(tmp_path / "a.zip"))
    [shard] = (finished.ledger / "shards").glob("plan-*/*.jsonl")
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b'"i1"', b'"i7"'))
    with pytest.raises(LeafMismatch):
        publish(finished.order(tmp_path / "a.zip"))
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("experiment.yaml", "experiment.yaml"),
        ("data/items.csv", "the data file"),
        ("prompts/ask.jinja", "the prompt's template"),
    ],
)
def test_files_that_the_run_was_not_planned_from_are_not_published(
    finished: Finished, tmp_path: Path, name: str, what: str
) -> None:
    with (finished.experiment / name).open("a") as file:
        file.write("\n")
    with pytest.raises(FileChanged, match=f"found others: {what};"):
        publish(finished.order(tmp_path / "a.zip"))


def test_a_ledger_with_a_plan_is_not_published_without_its_experiment(
    finished: Finished, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="name the experiment, and the ledger with --ledger"):
        publish(Order(finished.ledger, None, tmp_path / "a.zip"))


def test_a_ledger_of_imports_alone_is_published_as_what_it_is(run: Run, tmp_path: Path) -> None:
    ledger, bundle = imported(tmp_path / "theirs"), tmp_path / "a.zip"
    assert run("publish", str(ledger), "-o", str(bundle)).code == 0
    members = contents(bundle)
    assert not [name for name in members if name.startswith("experiment/")]
    page = members["README.md"].decode()
    assert page.startswith("# Answers taken from logs of inspect\\_ai\n")
    assert "2 from log.eval of inspect\\_ai" in page
    assert "*unattested*" in page
    assert "reprollm challenge" not in page
    command = [sys.executable, "-I", "-S", "-", str(bundle)]
    assert subprocess.run(command, input=members["verify.py"], capture_output=True).returncode == 0


def test_a_report_goes_with_it(finished: Finished, tmp_path: Path) -> None:
    (finished.ledger / "report.html").write_text("<p>All is well.</p>")
    members = contents(publish(finished.order(tmp_path / "a.zip")).path)
    assert members["report.html"] == b"<p>All is well.</p>"
    assert b"`report.html`: the report" in members["README.md"]
    assert b"report.html" in members["codecheck.yml"]


def test_no_bundle_is_made_while_the_log_grows(finished: Finished, tmp_path: Path) -> None:
    with writing(finished.ledger), pytest.raises(Busy):
        publish(finished.order(tmp_path / "a.zip"))


def test_a_full_disk_leaves_the_old_bundle_and_nothing_half(
    finished: Finished, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "bundle.zip"
    output.parent.mkdir()
    output.write_bytes(b"the old bundle")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # More than any single file of the bundle, less than all of them.
    limit = max(path.stat().st_size for path in finished.ledger.rglob("*")) + 100_000
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(StorageFailed, match="no bundle was written, make room"):
            publish(finished.order(output, replace=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in output.parent.iterdir()] == ["bundle.zip"]
    assert output.read_bytes() == b"the old bundle"


def test_a_publication_killed_in_the_middle_leaves_the_old_bundle(
    finished: Finished, published_once: Published, tmp_path: Path
) -> None:
    output = finished.folder / "out" / "bundle.zip"
    output.parent.mkdir()
    output.write_bytes(b"the old bundle")
    # Every write to the disk waits at the end: the file is begun, and not yet in its place.
    script = (
        "import os, time, sys; os.fsync = lambda file: time.sleep(60); "
        "from reprollm.cli import main; main()"
    )
    command = [
        sys.executable,
        "-P",
        "-c",
        script,
        "publish",
        "words",
        "-o",
        str(output),
        "--replace",
    ]
    child = subprocess.Popen(command, cwd=finished.folder, stderr=subprocess.PIPE)
    size = published_once.path.stat().st_size
    while child.poll() is None:
        if any(path.stat().st_size >= size for path in output.parent.glob(".tmp-*")):
            break
        time.sleep(0.01)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert output.read_bytes() == b"the old bundle"


def test_the_command_shows_what_went_in_and_the_three_lines(
    run: Run, finished: Finished, tmp_path: Path
) -> None:
    shown = run("publish", "words", "-o", str(tmp_path / "a.zip"))
    assert shown.code == 0
    last = read_checkpoints(finished.ledger)[-1]
    assert shown.out.endswith("\n\n" + last.body())
    assert f"root {last.root.hex()}" in shown.out
    assert "the bundle is not signed" in shown.out
    parts = re.findall(r"^ (\S+) +([\d,]+) +([\d,]+) *$", shown.out, re.M)
    assert [name for name, _, _ in parts] == [
        "(top)", "LICENSES/", "environment/", "experiment/", "ledger/", "provenance/", "tables/",
        "workflow/",
    ]  # fmt: skip
    assert sum(int(files.replace(",", "")) for _, files, _ in parts) == len(
        contents(tmp_path / "a.zip")
    )


def test_the_command_signs_with_the_key_that_one_has(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "note.key"
    key.write_text(new_signing_key("example.org/jane").text() + "\n")
    key.chmod(0o600)
    monkeypatch.setenv("REPROLLM_KEY", str(key))
    bundle = tmp_path / "a.zip"
    shown = run("publish", "words", "-o", str(bundle), "--json")
    said = json.loads(shown.out)
    assert (said["signed"], said["fresh"], said["path"]) == (True, True, str(bundle))
    assert "\n\n— example.org/jane " in contents(bundle)["bundle.note"].decode()
    again = run("publish", "words", "-o", str(bundle), "--json")
    assert json.loads(again.out) == {**said, "fresh": False}
    unsigned = run("publish", "words", "-o", str(bundle), "--unsigned")
    assert (unsigned.code, "expected no other file" in unsigned.err) == (3, True)
    assert run("publish", "words", "-o", str(bundle), "--unsigned", "--replace").code == 0


def test_a_command_line_that_contradicts_itself_is_refused(run: Run, tmp_path: Path) -> None:
    where = ("publish", "words", "-o", str(tmp_path / "a.zip"))
    assert run(*where, "--unsigned", "--key", "k").code == 2
    assert run(*where, "--reason", "because").code == 2
    withheld = run(*where, "--withhold", "output:salt-secret", "--reason", "because")
    assert (withheld.code, "expected a key to sign" in withheld.err) == (3, True)
    assert run("publish", "nothing", "-o", "a.zip").code == 3


def test_texts_from_outside_are_no_markdown() -> None:
    assert plain("a *b*\n[c](d) | `e` <f>") == r"a \*b\* \[c\](d) \| \`e\` \<f\>"

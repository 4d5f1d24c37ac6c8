"""What an author with a key of his own can do, and by what it shows.

Whoever holds the key can sign anything. So these attacks are made with the author's own key, and
what catches or shows them is something else: a checkpoint that left his hands earlier, the log's
own memory of attempts and plans, or a text that was committed to before it was withheld.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from attacks import changes
from attacks.forging import Forgery, forgery
from attacks.judging import as_programs, by_reprollm, by_verify_py, page_of
from attacks.world import World
from ledger.building import Plan, plan, publish_attempt, whole
from reprollm.canon import dumps
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.merkle import leaf_hash
from reprollm.review import verify as verify_py
from reprollm.signing import note
from reprollm.withholding.disclosure import disclose


def sign_again(forged: Forgery, world: World) -> None:
    """Take all signatures away and sign log and bundle with the author's own key."""
    forged.unsign_bundle()
    forged.unsign_log()
    key = world.key.verifier()
    forged.write(f"ledger/keys/{key.key_id.hex()}.vkey", key.text().encode() + b"\n")
    last = read_checkpoints(forged.ledger)[-1]
    signed = note.sign(last.body(), world.key).content().encode()
    forged.write(f"ledger/signatures/{last.size:012d}.{key.key_id.hex()}.note", signed)
    forged.list_files()
    body = forged.read("bundle.note").decode()
    forged.write("bundle.note", note.sign(body, world.key).content().encode())


@pytest.fixture
def rewritten(world: World, unpacked: dict[str, Path], tmp_path: Path) -> Forgery:
    """A bundle whose history the author has rewritten, from the first attempt on."""
    forged = forgery(unpacked["bundle"], tmp_path / "rewritten")
    changes.record_text(forged, world)
    forged.relog()
    forged.project()
    sign_again(forged, world)
    return forged


def test_a_history_rewritten_with_the_authors_own_key_holds_by_itself(
    rewritten: Forgery, world: World
) -> None:
    key = world.key.verifier().text()
    assert by_reprollm(rewritten.root, key=key).code == 0
    assert by_verify_py(rewritten.root, key=key).code == 0


def test_a_rewritten_history_is_caught_by_a_checkpoint_that_a_co_author_kept(
    rewritten: Forgery, world: World, tmp_path: Path
) -> None:
    said = by_reprollm(rewritten.root, kept=world.kept)
    alone = by_verify_py(rewritten.root, kept=world.kept, folder=tmp_path)
    for found in (said, alone):
        assert (found.code, found.defects) == (11, {"CheckpointMismatch"})
    assert "rewritten" in said.report["problems"][0]["sentence"]


def test_the_true_history_still_begins_with_the_kept_checkpoint(
    world: World, tmp_path: Path
) -> None:
    said = by_reprollm(world.bundle, kept=world.kept)
    alone = by_verify_py(world.bundle, kept=world.kept, folder=tmp_path)
    assert (said.code, alone.code) == (0, 0)


def test_a_checkpoint_of_another_log_is_told_from_a_rewritten_one(
    world: World, tmp_path: Path
) -> None:
    other = world.kept.replace("reprollm/attacked", "reprollm/defended")
    said = by_reprollm(world.bundle, kept=other)
    alone = by_verify_py(world.bundle, kept=other, folder=tmp_path)
    assert (said.code, alone.code) == (11, 11)
    assert "another log" in said.report["problems"][0]["sentence"]


def rerolled(ledger: Path) -> Plan:
    """Return the plan of a ledger whose requests were asked again until they pleased."""
    made = whole(ledger)
    commit(ledger)
    for name, answers in (("b", "better"), ("c", "best")):
        publish_attempt(ledger, made, 0, 6, name=name, answers=answers, second=9)
        commit(ledger)
    return made


def test_rerolling_until_pleased_changes_nothing_and_shows(tmp_path: Path) -> None:
    rerolled(tmp_path / "ledger")
    said, alone = by_reprollm(tmp_path / "ledger"), by_verify_py(tmp_path / "ledger")
    for found in (said, alone):
        assert found.code == 0
        [run] = found.report["runs"]
        assert (run["rerolled"], run["differing"]) == (6, 12)
    text = page_of(tmp_path / "ledger")
    assert "6 requests were answered again" in text
    assert "12 differ from the final one" in text
    assert any("6 requests" in notice for notice in alone.report["notices"])


def test_an_attempt_whose_answers_did_not_please_is_still_listed(tmp_path: Path) -> None:
    made = whole(tmp_path / "ledger")
    publish_attempt(tmp_path / "ledger", made, 0, 6, name="b", how=None, failing=range(6))
    commit(tmp_path / "ledger")
    said, alone = by_reprollm(tmp_path / "ledger"), by_verify_py(tmp_path / "ledger")
    assert "abandoned" in json.dumps(said.report["attempts"])
    assert any("abandoned" in notice for notice in said.report["notices"])
    assert any("abandoned" in notice for notice in alone.report["notices"])


def replanned(ledger: Path) -> None:
    """Commit a run, then a plan of fewer requests, and a run of that."""
    whole(ledger)
    commit(ledger)
    second = plan(4, experiment="shorter")
    second.publish(ledger)
    commit(ledger)
    seen = read_checkpoints(ledger)[-1]
    publish_attempt(ledger, second, 0, 4, checkpoint=seen, second=9)
    commit(ledger)


def test_a_plan_that_was_changed_after_the_run_is_a_second_plan_and_shows(tmp_path: Path) -> None:
    replanned(tmp_path / "ledger")
    said, alone = by_reprollm(tmp_path / "ledger"), by_verify_py(tmp_path / "ledger")
    for found in (said, alone):
        assert found.code == 0
        assert any("2 dropped" in notice for notice in found.report["notices"])
        assert len(found.report["runs"]) == 2
    assert "2 dropped" in page_of(tmp_path / "ledger")


def drop_the_deviation(forged: Forgery) -> None:
    path = forged.shard("deviation")
    for file in sorted((forged.ledger / "log").glob("*.segment.json")):
        value = json.loads(file.read_bytes())
        kept = [entry for entry in value["shards"] if entry["sha256"] not in path]
        if not kept:
            _remove_segment(forged, value["number"])
            break
        file.write_bytes(dumps({**value, "shards": kept}) + b"\n")
    forged.remove(path)


def untrue_deviation(forged: Forgery) -> None:
    forged.edit("deviation", lambda record: record.update(dropped=0))


def begun_before_its_plan(forged: Forgery) -> None:
    """The start names the checkpoint from before its own plan."""
    first = read_checkpoints(forged.ledger)[0]
    path = sorted((forged.root / "ledger" / "shards").glob("run-*/**/*.jsonl"))
    late = next(p for p in path if b"00:00:09" in p.read_bytes())
    name = late.relative_to(forged.root).as_posix()
    lines = forged.lines(name)
    place = next(n for n, line in enumerate(lines) if b'"kind":"start"' in line)
    record = json.loads(lines[place])
    record["checkpoint"] = {"size": first.size, "root": first.root.hex()}
    lines[place] = dumps(record)
    forged.write_lines(name, lines)


@pytest.mark.parametrize("change", [drop_the_deviation, untrue_deviation, begun_before_its_plan])
def test_a_plan_that_was_changed_after_the_run_cannot_hide_it(
    change: Callable[[Forgery], None], tmp_path: Path
) -> None:
    replanned(tmp_path / "ledger")
    forged = Forgery(tmp_path)
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    change(forged)
    forged.relog(starts=change is not begun_before_its_plan)
    forged.project()
    for found in (by_reprollm(forged.ledger), by_verify_py(forged.ledger)):
        assert (found.code, found.defects) == (12, {"RecordsDisagree"}), found.report


def test_an_answer_forged_from_the_start_is_for_a_challenge_alone(
    world: World, unpacked: dict[str, Path], tmp_path: Path
) -> None:
    """A better text with its commitment, scored, hashed and signed: no file can tell."""
    forged = forgery(unpacked["bundle"], tmp_path / "forged")
    changes.answer_text(forged, world)
    drop_the_scores(forged)
    forged.relog()
    forged.project()
    sign_again(forged, world)
    said, alone = by_reprollm(forged.root), by_verify_py(forged.root)
    assert (said.code, alone.code) == (0, 0)
    for found in (said, alone):
        assert found.report["levels"][4]["verdict"] == "not checked"
        assert "challenge" in found.report["levels"][4]["unchecked"][0]


def drop_the_scores(forged: Forgery) -> None:
    forged.remove(forged.shard("estimate"))
    _remove_segment(forged, 2)


@pytest.fixture
def disclosed(world: World) -> bytes:
    """One withheld answer, opened later by its author."""
    from reprollm.ledger.lookup import find

    position = next(s.position for s in find(world.ledger, "17"))
    [line] = disclose(world.ledger, [position], ["output"])
    return line


def test_a_later_opening_convinces_both_verifiers(
    world: World, disclosed: bytes, tmp_path: Path
) -> None:
    (tmp_path / "opening.jsonl").write_bytes(disclosed + b"\n")
    assert _with_opening(world, tmp_path / "opening.jsonl") == (0, 0)


@pytest.mark.parametrize("what", ["text", "salt", "leaf"])
def test_a_false_opening_convinces_neither(
    what: str, world: World, disclosed: bytes, tmp_path: Path
) -> None:
    value = json.loads(disclosed)
    if what == "leaf":
        value["leaf"] = leaf_hash(b"another").hex()
    else:
        value["openings"][0][what] = "ab" * 32
    (tmp_path / "opening.jsonl").write_bytes(dumps(value) + b"\n")
    assert _with_opening(world, tmp_path / "opening.jsonl") == (11, 11)


def _with_opening(world: World, opening: Path) -> tuple[int, int]:
    return as_programs(world.withheld, Path(verify_py.__file__), "--opening", str(opening))


def _remove_segment(forged: Forgery, number: int) -> None:
    """Take a segment out and number those behind it anew."""
    folder = forged.ledger / "log"
    (folder / f"{number:08d}.segment.json").unlink()
    for file in sorted(folder.glob("*.segment.json")):
        value = json.loads(file.read_bytes())
        if value["number"] > number:
            value["number"] -= 1
            shutil.move(file, folder / f"{value['number']:08d}.segment.json")
            (folder / f"{value['number']:08d}.segment.json").write_bytes(dumps(value) + b"\n")

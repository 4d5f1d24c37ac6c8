"""The stand-alone verifier recomputes estimates, comparisons and claims, and lets no change pass.

Whoever changes a record here makes every hash anew, so that only what the records say is wrong.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks.forging import Forgery
from attacks.judging import by_reprollm
from reprollm.canon import dumps
from reprollm.review import verify
from review.studied import labelled, named, read
from review.studies import concluded, scored
from review.test_verify_py import pythons, run

Record = dict[str, Any]
Change = Callable[[Forgery], None]


@pytest.fixture(scope="module")
def true_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ledger of labels, answered again, scored and concluded."""
    folder = tmp_path_factory.mktemp("labels")
    concluded(folder / "ledger", labelled(), again=True)
    return folder


@pytest.fixture
def forged(true_once: Path, tmp_path: Path) -> Forgery:
    """A copy of it in an attacker's hands."""
    return copied(true_once, tmp_path / "forged")


def copied(folder: Path, to: Path) -> Forgery:
    shutil.copytree(folder, to)
    for path in to.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Forgery(to)


def judged(ledger: Path) -> verify.Report:
    return verify.verify(str(ledger), verify.Options([], [], {}, 1))


def defects(report: verify.Report) -> set[tuple[int, str]]:
    return {(level, defect) for level, defect, _ in report.problems}


def test_every_number_is_recomputed_and_the_same(true_once: Path) -> None:
    report = judged(true_once / "ledger")
    assert (report.problems, report.levels[3].unchecked) == ([], [])
    assert {verdict for _, verdict in report.scores} == {"same"}
    assert {verdict for _, verdict in report.conclusions.values()} == {"same"}
    names = {name for _, _, name in report.conclusions}
    assert {"agreement/annotators", "agreement/passes", "agreement/models"} <= names
    assert {"determinism", "right", "f1", "kappa", "near", "far", "better"} <= names


def test_texts_and_entities_are_recomputed_too(tmp_path: Path) -> None:
    concluded(tmp_path / "texts", read())
    scored(tmp_path / "entities", named())
    for name, rows in (("texts", 3), ("entities", 0)):
        report = judged(tmp_path / name)
        assert (report.problems, report.levels[3].unchecked) == ([], [])
        assert {verdict for _, verdict in report.scores} == {"same"}
        assert len(report.conclusions) >= rows


def test_processes_find_the_same(true_once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(verify, "PART_ROWS", 100)
    options = verify.Options([], [], {}, 2)
    report = verify.verify(str(true_once / "ledger"), options)
    assert report.to_json() == judged(true_once / "ledger").to_json()


def test_the_oldest_python_finds_the_same(true_once: Path) -> None:
    done = run(true_once / "ledger", "--json", python=pythons()[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == judged(true_once / "ledger").to_json()


def test_the_page_shows_intervals_comparisons_and_a_claim_that_fails(true_once: Path) -> None:
    text = " ".join(verify.page("ledger", judged(true_once / "ledger")).split())
    assert "Scores over all answers" in text and "interval" in text
    assert "warnings on these rows: identical-passes" in text
    assert "Claims of the experiment" in text
    assert "FAILS: All. (far: found" in text
    assert "HOLDS: Half. (near: found" in text
    assert "UNDECIDED: ? (no such: found nothing: no-estimate)" in text
    for model in ("a", "b"):
        assert re.search(f"determinism of {model}: score (holds|fails)", text)
    assert "VERDICT: nothing that was checked is wrong" in text


# What an author can change in one estimate; `version` alone makes it one that nobody knows here.

FIELDS: dict[str, Any] = {
    "run": "ab" * 32, "plan": "ab" * 32, "score": "recall", "sampling": "kurz/warm",
    "level": "split", "group": "alt", "label": "Ja", "aggregation": "corpus", "value": "0.123456",
    "low": "0.000001", "high": None, "n": 3, "items": 2, "clusters": 2, "undefined": 9,
    "warnings": [], "table_sha256": "ab" * 32, "checkpoint": {"size": 2, "root": "ab" * 32},
    "interval": {}, "counted": {}, "passes": {"asked": 1, "distinct": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_each_changed_field_of_an_estimate_is_found(name: str, forged: Forgery) -> None:
    forged.edit("estimate", lambda record: record.update({name: FIELDS[name]}))
    forged.relog()
    assert (3, "ScoreMismatch") in defects(judged(forged.ledger))


def test_each_number_in_an_estimate_is_held_to_the_digit(forged: Forgery) -> None:
    records = [r for r in _records(forged) if r["kind"] == "estimate"]
    right = {tuple(record[name] for name in verify._ESTIMATE): record for record in records}
    for record in records[:40]:
        for place in ("interval", "counted", "passes"):
            for name in record[place]:
                wrong = copy.deepcopy(record)
                wrong[place][name] = "x"
                found = verify._differing([wrong], right, verify._ESTIMATE, str)
                assert place in next(found)


def test_definitions_of_another_version_are_not_judged(forged: Forgery) -> None:
    forged.edit("estimate", lambda record: record.update(version="accuracy/9 labels/1", value="2"))
    forged.relog()
    report = judged(forged.ledger)
    assert (3, "ScoreMismatch") not in defects(report)
    assert "not known here" in report.levels[3].unchecked[0]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, (dict, list)):
        yield path
        return
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(each, (*path, key))


def test_each_leaf_of_the_evidence_of_a_conclusion_counts(true_once: Path) -> None:
    checked = 0
    for record in _records(Forgery(true_once)):
        if record["kind"] not in ("comparison", "claim"):
            continue
        for path in leaves(record["evidence"]):
            wrong = copy.deepcopy(record)
            place = wrong["evidence"]
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = "x" if place[path[-1]] != "x" else "y"
            assert verify._unlike(verify.drawn_of(wrong), verify.drawn_of(record))
            checked += 1
    assert checked > 500


# Changes of the log's own make.


def estimate_raised(forged: Forgery) -> None:
    forged.edit("estimate", lambda record: record.update(value="0.999999", high="1.000000"))


def estimate_dropped(forged: Forgery) -> None:
    path = forged.shard("estimate")
    forged.write_lines(path, forged.lines(path)[1:])


def estimate_twice(forged: Forgery) -> None:
    path = forged.shard("estimate")
    forged.write_lines(path, [*forged.lines(path), forged.lines(path)[0]])


def estimate_invented(forged: Forgery) -> None:
    path = forged.shard("estimate")
    record = json.loads(forged.lines(path)[0])
    forged.write_lines(path, [*forged.lines(path), dumps({**record, "sampling": "leise"})])


def estimates_of_an_earlier_checkpoint(forged: Forgery) -> None:
    """All estimates of a run say that they were made before its answers were given."""
    seen = json.loads(forged.read("ledger/log/00000000.segment.json"))
    path = forged.shard("estimate")
    changed = {"size": seen["size"], "root": seen["root"]}
    records = ({**json.loads(line), "checkpoint": changed} for line in forged.lines(path))
    forged.write_lines(path, [dumps(record) for record in records])


def claim_turned(forged: Forgery) -> None:
    forged.edit("claim", lambda record: record.update(verdict="holds"), 1)


def claim_reworded(forged: Forgery) -> None:
    forged.edit("claim", lambda record: record["evidence"].update(says="Half of all."))


def claim_dropped(forged: Forgery) -> None:
    path = forged.shard("claim")
    forged.write_lines(path, forged.lines(path)[:-1])


def claim_twice(forged: Forgery) -> None:
    path = forged.shard("claim")
    forged.write_lines(path, [*forged.lines(path), forged.lines(path)[-1]])


def claims_swapped(forged: Forgery) -> None:
    path = forged.shard("claim")
    *rest, one, other = forged.lines(path)
    forged.write_lines(path, [*rest, other, one])


def comparison_significant(forged: Forgery) -> None:
    forged.edit("comparison", lambda record: record["evidence"]["test"].update(p="0.001"))


def comparison_of_another_run(forged: Forgery) -> None:
    forged.edit("comparison", lambda record: record.update(run="ab" * 32))


def agreement_raised(forged: Forgery) -> None:
    forged.edit("comparison", lambda record: record["evidence"].update(alpha="0.9"), 3)


def determinism_kept(forged: Forgery) -> None:
    number = next(
        place
        for place, record in enumerate(
            r for r in forged.records(forged.shard("claim")) if r["kind"] == "comparison"
        )
        if record["comparison"] == "determinism"
    )
    forged.edit("comparison", lambda record: record["evidence"].update(rate="0.5"), number)


def conclusions_of_another_log(forged: Forgery) -> None:
    path = forged.shard("claim")
    changed = {"size": 3, "root": "ab" * 32}
    records = ({**json.loads(line), "checkpoint": changed} for line in forged.lines(path))
    forged.write_lines(path, [dumps(record) for record in records])


def item_moved(forged: Forgery) -> None:
    forged.edit("item", lambda record: record.update(document="another"))


def item_in_another_split(forged: Forgery) -> None:
    forged.edit("item", lambda record: record.update(split="third"), 2)


def item_renamed(forged: Forgery) -> None:
    forged.edit("item", lambda record: record.update(item="item-999"))


def item_dropped(forged: Forgery) -> None:
    path = forged.shard("item")
    gone = next(line for line in forged.lines(path) if b'"annotations":null' in line)
    forged.write_lines(path, [line for line in forged.lines(path) if line != gone])


def item_twice(forged: Forgery) -> None:
    path = forged.shard("item")
    again = next(line for line in forged.lines(path) if b'"annotations":null' in line)
    forged.write_lines(path, [*forged.lines(path), again])


def items_after_the_answers(forged: Forgery) -> None:
    """The item records are moved behind the first run."""
    names = sorted(path.name for path in (forged.ledger / "log").glob("*.segment.json"))
    first, last = (f"ledger/log/{name}" for name in (names[0], names[-1]))
    value, end = json.loads(forged.read(first)), json.loads(forged.read(last))
    moved = [entry for entry in value["shards"] if entry["group"].startswith("items-")]
    value["shards"] = [entry for entry in value["shards"] if entry not in moved]
    end["shards"] += moved
    forged.write(first, dumps(value) + b"\n")
    forged.write(last, dumps(end) + b"\n")


ATTACKS: dict[Change, tuple[int, str]] = {
    estimate_raised: (3, "ScoreMismatch"),
    estimate_dropped: (3, "ScoreMismatch"),
    estimate_twice: (3, "ScoreMismatch"),
    estimate_invented: (3, "ScoreMismatch"),
    estimates_of_an_earlier_checkpoint: (3, "ScoreMismatch"),
    claim_turned: (3, "ConclusionMismatch"),
    claim_reworded: (3, "ConclusionMismatch"),
    claim_dropped: (3, "ConclusionMismatch"),
    claim_twice: (3, "ConclusionMismatch"),
    claims_swapped: (3, "ConclusionMismatch"),
    comparison_significant: (3, "ConclusionMismatch"),
    comparison_of_another_run: (3, "ConclusionMismatch"),
    agreement_raised: (3, "ConclusionMismatch"),
    determinism_kept: (3, "ConclusionMismatch"),
    conclusions_of_another_log: (3, "ConclusionMismatch"),
    item_moved: (2, "LeafMismatch"),
    item_in_another_split: (2, "LeafMismatch"),
    item_renamed: (2, "RecordsDisagree"),
    item_dropped: (2, "PlanIncomplete"),
    item_twice: (2, "PlanIncomplete"),
    items_after_the_answers: (2, "RecordsDisagree"),
}
# What reprollm is asked about, too, several lies at once.
BOTH: tuple[tuple[Change, ...], ...] = (
    (estimate_raised, claim_turned),
    (estimate_twice, claim_dropped),
    (estimates_of_an_earlier_checkpoint, determinism_kept),
    (item_moved,),
    (items_after_the_answers,),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_consistent_lie_is_found_and_named(attack: Change, forged: Forgery) -> None:
    attack(forged)
    forged.relog()
    report = judged(forged.ledger)
    level, defect = ATTACKS[attack]
    assert (level, defect) in defects(report), report.problems
    assert report.code == 10 + level


@pytest.mark.parametrize("lies", BOTH, ids=lambda lies: lies[0].__name__)
def test_reprollm_verify_names_the_same_lies(lies: tuple[Change, ...], forged: Forgery) -> None:
    for lie in lies:
        lie(forged)
    forged.relog()
    forged.project()
    level = ATTACKS[lies[0]][0]
    said = by_reprollm(forged.ledger)
    assert said.code == 10 + level, said.report["problems"]
    assert {ATTACKS[lie][1] for lie in lies} <= said.defects


# Withheld texts.


def test_without_the_answers_nothing_is_recomputed_but_the_impossible_is_refused(
    forged: Forgery,
) -> None:
    for path in (forged.ledger / "openings").glob("run-*/**/*.jsonl"):
        path.unlink()
    report = judged(forged.ledger)
    assert report.problems == []
    assert {verdict for _, verdict in report.scores} == {"not recomputed"}
    verdicts = {key[1:]: verdict for key, (_, verdict) in report.conclusions.items()}
    assert verdicts["comparison", "right"] == "not recomputed"
    assert verdicts["claim", "far"] == "same"
    estimate_twice(forged)
    claim_turned(forged)
    forged.relog()
    found = defects(judged(forged.ledger))
    assert found == {(3, "ScoreMismatch"), (3, "ConclusionMismatch")}


def test_without_annotations_agreement_is_not_recomputed(forged: Forgery) -> None:
    for path in (forged.ledger / "openings").glob("items-*/*.jsonl"):
        path.unlink()
    report = judged(forged.ledger)
    assert report.problems == []
    verdicts = {key[2]: verdict for key, (_, verdict) in report.conclusions.items()}
    assert verdicts["agreement/annotators"] == "not recomputed"
    assert verdicts["right"] == "same"


def _records(forged: Forgery) -> list[Record]:
    """Return the estimates and conclusions of a ledger."""
    paths = sorted(forged.ledger.glob("shards/score-*/*.jsonl"))
    paths += sorted(forged.ledger.glob("shards/conclude-*/*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]

"""What an author could change in what his checks found, with every hash made anew, is caught.

Both verifiers name it at the same level by the same word.
"""

from __future__ import annotations

import base64
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attacks.forging import Forgery, Record, forgery, relogged
from attacks.judging import by_reprollm, by_verify_py
from contamination.checked import EXPERIMENT, LEDGER
from reprollm.canon import dumps
from reprollm.contamination.recompute import recompute
from reprollm.experiment.load import load
from reprollm.publish.bundle import publish
from reprollm.publish.order import Order
from reprollm.records.commitment import commit
from reprollm.records.merkle import leaf_hash

Change = Callable[[Forgery], None]


@pytest.fixture(scope="module")
def bundle(whole_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked bundle of an experiment with all checks."""
    folder = tmp_path_factory.mktemp("bundle")
    experiment = load(whole_once / EXPERIMENT / "experiment.yaml")
    publish(Order(whole_once / LEDGER, experiment, folder / "bundle.zip"))
    with zipfile.ZipFile(folder / "bundle.zip") as opened:
        opened.extractall(folder / "bundle")
    return folder / "bundle"


def test_the_bundle_holds(bundle: Path) -> None:
    for said in (by_reprollm(bundle), by_verify_py(bundle)):
        assert (said.code, said.report["problems"]) == (0, [])
        assert {row["recomputed"] for row in said.report["contamination"]} == {"same"}


def _finding(method: str, change: Callable[[Record], None], subject: str = "*") -> Change:
    """Return what changes the evidence of one finding."""

    def edit(forged: Forgery) -> None:
        found = forged.records(forged.shard("finding"))
        [number] = [
            place
            for place, record in enumerate(found)
            if (record["finding"], record["subject"]) == (f"contamination/{method}", subject)
        ]
        forged.edit("finding", lambda record: change(record["evidence"]), number)

    return edit


def _detail(name: str, value: Any) -> Callable[[Record], None]:
    return lambda evidence: evidence["detail"].update({name: value})


def _swapped_ranks(evidence: Record) -> None:
    ranks = evidence["detail"]["ranks"]
    place = next(n for n, rank in enumerate(ranks) if rank != ranks[0])
    ranks[0], ranks[place] = ranks[place], ranks[0]


def dull_finding_dropped(forged: Forgery) -> None:
    path = forged.shard("finding")
    lines = forged.lines(path)
    dull = next(n for n, line in enumerate(lines) if b"contamination/canaries" in line)
    forged.write_lines(path, lines[:dull] + lines[dull + 1 :])


def dull_item_dropped(forged: Forgery) -> None:
    path = forged.shard("finding")
    lines = forged.lines(path)
    dull = next(n for n, line in enumerate(lines) if b'"subject":"i3"' in line)
    forged.write_lines(path, lines[:dull] + lines[dull + 1 :])


def finding_twice(forged: Forgery) -> None:
    path = forged.shard("finding")
    lines = forged.lines(path)
    forged.write_lines(path, [*lines, lines[0]])


def finding_invented(forged: Forgery) -> None:
    path = forged.shard("finding")
    lines = forged.lines(path)
    record = json.loads(lines[0])
    record["subject"] = "another set"
    forged.write_lines(path, [*lines, dumps(record)])


def finding_of_no_examination(forged: Forgery) -> None:
    forged.edit("finding", lambda record: record.update(run="ab" * 32))


def core_edited(forged: Forgery) -> None:
    def change(record: Record) -> None:
        record["core"]["family"]["tests"] = 1

    forged.edit("examination", change)


def core_emptied(forged: Forgery) -> None:
    def change(record: Record) -> None:
        record["core"] = {name: record["core"][name] for name in ("plan", "snapshot")}

    forged.edit("examination", change)


def examination_of_another_plan(forged: Forgery) -> None:
    forged.edit("examination", lambda record: record.update(plan="ab" * 32))


def examination_behind_the_measurements(forged: Forgery) -> None:
    moved: list[Record] = []

    def out(value: Record) -> None:
        moved.extend(e for e in value["shards"] if e["group"].startswith("examination-"))
        value["shards"] = [e for e in value["shards"] if e not in moved]

    _segment(forged, 0, out)
    _segment(forged, 1, lambda value: value["shards"].extend(moved))


def examination_committed_with_the_measurements(forged: Forgery) -> None:
    moved: list[Record] = []

    def out(value: Record) -> None:
        moved.extend(e for e in value["shards"] if e["group"].startswith("examination-"))
        value["shards"] = [e for e in value["shards"] if e not in moved]

    _segment(forged, 0, out)
    _segment(forged, 1, lambda value: value["shards"].__setitem__(slice(0, 0), moved))


def measurement_of_another_snapshot(forged: Forgery) -> None:
    forged.edit("measurement", lambda record: record.update(snapshot="ab" * 32))


def likelihood_of_another_tokenizer(forged: Forgery) -> None:
    forged.edit("likelihood", lambda record: record.update(tokenizer="ab" * 32))


def likelihood_of_no_attempt(forged: Forgery) -> None:
    forged.edit("likelihood", lambda record: record.update(attempt="ab" * 16))


def likelihood_beyond_its_attempt(forged: Forgery) -> None:
    forged.edit("measurement", lambda record: record.update(last=3))


def sealed_text_shown(forged: Forgery) -> None:
    number = _first(forged, "suspect")
    forged.edit("likelihood", lambda record: record.update(sealed="ab" * 32), number)


def words_never_committed_to(forged: Forgery) -> None:
    """An item's text is dropped with its opening, so that the guard would see another one."""
    number, path = _first(forged, "suspect"), forged.shard("likelihood")
    record = [r for r in forged.records(path) if r["kind"] == "likelihood"][number]
    leaf = leaf_hash(dumps(record)).hex().encode()
    beside = path.replace("/shards/", "/openings/")
    lines = forged.lines(beside)
    place = next(n for n, line in enumerate(lines) if leaf in line)
    value = json.loads(lines[place])
    value["openings"] = [o for o in value["openings"] if o["field"] not in ("text", "text_ids")]
    lines[place] = dumps(value)
    forged.write_lines(beside, lines)
    forged.edit("likelihood", lambda record: record.update(text=None, text_ids=None), number)


def orders_swapped(forged: Forgery) -> None:
    """The published order's likelihood and a permutation's change their names."""
    first, second = _likelihoods(forged, lambda record: record["set"] == "order")[:2]
    forged.edit("likelihood", lambda record: record.update(variant=1), first)
    forged.edit("likelihood", lambda record: record.update(variant=0), second)


def text_renamed(forged: Forgery) -> None:
    forged.edit("likelihood", lambda record: record.update(subject="i99"))


def likelihood_dropped(forged: Forgery) -> None:
    path = forged.shard("likelihood")
    lines = forged.lines(path)
    place = next(n for n, line in enumerate(lines) if b'"kind":"likelihood"' in line)
    leaf = leaf_hash(lines[place]).hex().encode()
    forged.write_lines(path, lines[:place] + lines[place + 1 :])
    beside = path.replace("/shards/", "/openings/")
    forged.write_lines(beside, [line for line in forged.lines(beside) if leaf not in line])


def item_better_foreseen(forged: Forgery) -> None:
    """All of an item's log-probabilities are made 0, and the commitment to them anew."""
    _open_anew(forged, _first(forged, "suspect"), lambda value: bytes(len(value)))


def published_twins_best_foreseen(forged: Forgery) -> None:
    for number in _likelihoods(forged, lambda r: r["set"] == "twin" and r["sealed"] is None):
        _open_anew(forged, number, lambda value: struct.pack("<f", 0.0))


def order_better_foreseen(forged: Forgery) -> None:
    _open_anew(forged, _first(forged, "order"), lambda value: bytes(len(value)))


def values_too_many(forged: Forgery) -> None:
    _open_anew(forged, _first(forged, "suspect"), lambda value: value + bytes(4))


def declaration_changed(forged: Forgery) -> None:
    """A source text in the public domain is not declared to be one any more."""
    found = forged.records(forged.shard("declaration"))
    declared = [record for record in found if record["kind"] == "declaration"]
    number = next(n for n, record in enumerate(declared) if "expected" in record["evidence"])
    forged.edit("declaration", lambda r: r["evidence"].update(expected=False), number)


def item_said_to_be_sent(forged: Forgery) -> None:
    """An `exposed` record without the exposure before it."""
    path = forged.shard("generation")
    lines = forged.lines(path)
    start = next(r for r in map(json.loads, lines) if r["kind"] == "generation")
    exposed = {
        "schema": "reprollm/exposed/1", "kind": "exposed", "attempt": start["attempt"],
        "run": start["run"], "plan": start["plan"], "item": "i1", "field": "gold",
        "role": "prompt", "requests": 1, "address": "http://example.org", "server": "openai",
        "policy": None, "created": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    forged.write_lines(path, [*lines, dumps(exposed)])


def item_sent_and_not_told(forged: Forgery) -> None:
    """An `exposed` record behind an exposure, of which the findings do not know."""
    path = forged.shard("generation")
    lines = forged.lines(path)
    start = next(r for r in map(json.loads, lines) if r["kind"] == "generation")
    common = {name: start[name] for name in ("attempt", "run", "plan")}
    common |= {"address": "http://example.org", "server": "openai"}
    common |= {"requests": 1, "created": "2026-01-01T00:00:00.000Z"}
    exposure = {"schema": "reprollm/exposure/1", "kind": "exposure", "first": 0, "last": 9}
    exposed = {"schema": "reprollm/exposed/1", "kind": "exposed", "item": "i1", "field": "gold"}
    exposed |= {"role": "prompt", "policy": None}
    lines += [dumps({**common, **exposure}), dumps({**common, **exposed})]
    forged.write_lines(path, lines)


@dataclass(frozen=True)
class Attack:
    """A change, the level that fails by it, and the defect's name."""

    name: str
    change: Change
    level: int
    defect: str


def _l3(change: Change, name: str = "") -> Attack:
    return Attack(name or change.__name__, change, 3, "FindingMismatch")


def _l2(change: Change, defect: str = "RecordsDisagree") -> Attack:
    return Attack(change.__name__, change, 2, defect)


CLAIMS = {
    ("sealed_twins", "*"): lambda said: said.update(p="0.01"),
    ("canaries", "*"): lambda said: said.update(verdict="published stands out"),
    ("guard", "*"): lambda said: said.update(verdict="not told apart"),
    ("screening_loss", "*"): lambda said: said.update(claim="test"),
    ("screening_loss", "i5"): lambda said: said.update(p="0.5"),
    ("screening_zlib", "*"): lambda said: said.update(low="0.9"),
    ("extraction", "i5"): _detail("leading", 99),
    ("sealed_order", "*"): lambda said: said["parameters"].update(seed=2),
    ("decision", "*"): _detail("statement", "Uncontaminated."),
    ("exposure", "*"): _detail("outside", "yes"),
    ("effect", "character_error_rate, greedy"): lambda said: said.update(statistic="0.5"),
}


def test_each_changed_claim_is_named_by_both_verifiers(bundle: Path, tmp_path: Path) -> None:
    forged = forgery(bundle, tmp_path / "forged")
    for (method, subject), change in CLAIMS.items():
        _finding(method, change, subject)(forged)
    relogged(forged)
    examined = recompute(forged.ledger)
    wrong = {_key(each.record) for each in examined.findings if each.recomputed == "WRONG"}
    assert wrong == CLAIMS.keys()
    alone = by_verify_py(forged.root)
    assert (alone.code, alone.defects) == (13, {"FindingMismatch"})
    named = {
        (row["method"], row["subject"])
        for row in alone.report["contamination"]
        if row["recomputed"] == "WRONG"
    }
    assert named == {key for key in CLAIMS if key[1] != "i5"}


def _key(record: Record) -> tuple[str, str]:
    return record["finding"].removeprefix("contamination/"), record["subject"]


ATTACKS = [
    _l3(_finding("guard", lambda said: said["parameters"].update(seed=9)), "guard seed"),
    _l3(_finding("sealed_twins", _swapped_ranks), "ranks swapped"),
    _l3(_finding("decision", lambda said: said["detail"]["p_values"].pop()), "p of a set dropped"),
    _l3(dull_finding_dropped),
    _l3(dull_item_dropped),
    _l3(finding_twice),
    _l3(finding_invented),
    _l3(item_better_foreseen),
    _l3(published_twins_best_foreseen),
    _l3(order_better_foreseen),
    _l3(declaration_changed),
    _l3(item_sent_and_not_told),
    _l2(finding_of_no_examination),
    _l2(core_edited, "LeafMismatch"),
    _l2(core_emptied, "LeafMismatch"),
    _l2(examination_of_another_plan),
    _l2(examination_behind_the_measurements),
    _l2(examination_committed_with_the_measurements),
    _l2(measurement_of_another_snapshot),
    _l2(likelihood_of_another_tokenizer),
    _l2(likelihood_of_no_attempt),
    _l2(likelihood_beyond_its_attempt),
    _l2(sealed_text_shown),
    _l2(words_never_committed_to),
    _l2(orders_swapped, "LeafMismatch"),
    _l2(text_renamed, "LeafMismatch"),
    _l2(values_too_many),
    _l2(item_said_to_be_sent),
    _l3(likelihood_dropped),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_a_change_of_the_checks_is_caught_by_name(
    attack: Attack, bundle: Path, tmp_path: Path
) -> None:
    forged = forgery(bundle, tmp_path / "forged")
    attack.change(forged)
    relogged(forged)
    for said in (by_reprollm(forged.root), by_verify_py(forged.root)):
        assert said.code == 10 + attack.level, said.report["problems"]
        assert attack.defect in said.defects


def _likelihoods(forged: Forgery, wanted: Callable[[Record], bool]) -> list[int]:
    """Return which of the likelihoods of a shard are of a kind."""
    found = [r for r in forged.records(forged.shard("likelihood")) if r["kind"] == "likelihood"]
    return [number for number, record in enumerate(found) if wanted(record)]


def _first(forged: Forgery, name: str) -> int:
    return _likelihoods(forged, lambda record: record["set"] == name)[0]


def _open_anew(forged: Forgery, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change the log-probabilities of one likelihood, and the commitment to them."""
    path = forged.shard("likelihood")
    beside = path.replace("/shards/", "/openings/")
    records = [r for r in forged.records(path) if r["kind"] == "likelihood"]
    leaf = leaf_hash(dumps(records[number])).hex()
    lines = forged.lines(beside)
    place = next(n for n, line in enumerate(lines) if leaf.encode() in line)
    value = json.loads(lines[place])
    entry = next(o for o in value["openings"] if o["field"] == "logprobs")
    changed = change(base64.b64decode(entry["base64"]))
    entry["base64"] = base64.b64encode(changed).decode()
    lines[place] = dumps(value)
    forged.write_lines(beside, lines)
    made = commit("logprobs", bytes.fromhex(entry["salt"]), changed)
    forged.edit("likelihood", lambda record: record.update(logprobs=made), number)


def _segment(forged: Forgery, number: int, change: Callable[[Record], None]) -> None:
    path = f"ledger/log/{number:08d}.segment.json"
    value = json.loads(forged.read(path))
    change(value)
    forged.write(path, dumps(value) + b"\n")

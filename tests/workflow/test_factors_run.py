"""One whole run of two models, two prompts and a folder of data, and what becomes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.both import defects
from reprollm.ledger.query import query
from reprollm.ledger.read import Item, current_runs, items, plan_of
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama
from workspaces import CHECKOUT, Workspace

EXPERIMENT = """\
schema: reprollm/experiment/1
name: tiny
title: Two tiny random models are asked in two ways
models:
  tiny: {lock: models/tiny.lock.json}
  other: {lock: models/other.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 4}}
data:
  file: data/plays
  form:
    kind: tei
    unit: //tei:sp
    fields: {text: tei:p, who: "@who", split: "@n", play: "ancestor::tei:text/@n"}
  id: id
  source: text
  reference: who
  split: split
  document: play
prompts:
  short: {template: prompts/ask.jinja}
  long: {template: prompts/long.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 4}
scores: [character_error_rate]
"""
PLAY = """\
<TEI xmlns="http://www.tei-c.org/ns/1.0"><text n="{play}"><body>
<sp who="#a" n="dev"><p>Wer da, {play}?</p></sp><sp who="#b" n="test"><p>Ich {play}.</p></sp>
</body></text></TEI>
"""
CELLS = ["short/greedy", "long/greedy"]


@pytest.fixture(scope="session")
def asked(template: Path, code: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after the run."""
    folder = tmp_path_factory.mktemp("factors") / "workspace"
    made = Workspace(Path(shutil.copytree(template, folder)), code)
    place = made.experiment
    (place / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    (place / "prompts" / "ask.jinja").write_text("{{ text }}\n", encoding="utf-8")
    (place / "prompts" / "long.jinja").write_text("Wer spricht? {{ text }}\n", encoding="utf-8")
    (place / "data" / "plays").mkdir()
    for play in ("faust", "urfaust"):
        (place / "data" / "plays" / f"{play}.xml").write_text(PLAY.format(play=play))
    other = make_llama(place / "models" / "other", seed=1)
    write_lock(pin(other, name="other"), place / "models" / "other.lock.json", replace=False)
    run = made.reprollm("run", "tiny", "--cores", "2")
    assert run.returncode == 0, run.stderr
    return made


def test_both_verifiers_find_the_ledger_whole(asked: Workspace) -> None:
    assert defects(asked.ledger) == ([], [])


def test_each_model_has_its_plan_and_run_in_the_order_of_the_experiment(asked: Workspace) -> None:
    runs = current_runs(asked.ledger)
    plans = [plan_of(asked.ledger, run) for run in runs]
    assert [plan.core["model"] for plan in plans] == ["tiny", "other"]
    assert len({plan.core["snapshot"] for plan in plans}) == 2
    assert [(run.planned, run.answered) for run in runs] == [(8, 8), (8, 8)]
    with query(asked.ledger, "SELECT count(*) FROM deviations") as found:
        assert list(found.rows) == [(0,)]


def test_every_item_is_asked_in_every_cell_before_the_next(asked: Workspace) -> None:
    plan = current_runs(asked.ledger)[0].plan
    wanted = f"SELECT item, sampling FROM requests WHERE plan = '{plan}' ORDER BY \"index\""
    with query(asked.ledger, wanted) as found:
        rows = list(found.rows)
    ids = ["faust.xml:1", "faust.xml:2", "urfaust.xml:1", "urfaust.xml:2"]
    assert rows == [(item, cell) for item in ids for cell in CELLS]


def test_the_ledger_says_document_and_split_of_every_item(asked: Workspace) -> None:
    for run in current_runs(asked.ledger):
        found = items(asked.ledger, run.plan)
        assert found["urfaust.xml:2"] == Item("urfaust", "test", None)
        assert [item.split for item in found.values()] == ["dev", "test", "dev", "test"]


def test_status_counts_the_requests_of_all_models(asked: Workspace) -> None:
    said = asked.reprollm("status", str(asked.ledger), "--json")
    [found] = json.loads(said.stdout)
    assert (found["answered"], found["planned"], found["stage"]) == (16, 16, "verified")


def test_a_bundle_holds_all_templates_locks_and_files_of_the_folder(
    asked: Workspace, tmp_path: Path
) -> None:
    bundle, checkout = tmp_path / "bundle.zip", Workspace(asked.folder)
    made = checkout.reprollm("publish", "tiny", "-o", str(bundle), "--unsigned")
    assert made.returncode == 0, made.stderr
    ours = checkout.reprollm("verify", str(bundle), "--json")
    said = json.loads(ours.stdout)
    assert said["holds"], said["problems"]
    alone = tmp_path / "verify.py"
    shutil.copy(CHECKOUT / "src" / "reprollm" / "review" / "verify.py", alone)
    other = subprocess.run(
        [sys.executable, str(alone), str(bundle), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert other.returncode == 0, other.stdout
    for levels in (said["levels"], json.loads(other.stdout)["levels"]):
        checked = " ".join(levels[0]["checked"])
        for what in ("the data file", "prompt 'short'", "prompt 'long'"):
            assert what in checked or what.replace("'", "") in checked


def test_a_run_is_repeated_model_by_model(asked: Workspace, tmp_path: Path) -> None:
    again = tmp_path / "again"
    place = str(asked.experiment / "models" / "other.lock.json")
    unsaid = asked.reprollm("rerun", str(asked.ledger), "-o", str(again), "--lock", place)
    assert unsaid.returncode == 3
    assert "(tiny, other), found none; name it with --model" in unsaid.stderr
    said = asked.reprollm(
        "rerun", str(asked.ledger), "-o", str(again), "--model", "other", "--lock", place
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert defects(again) == ([], [])


def test_another_file_in_the_folder_is_planned_anew(asked: Workspace, tmp_path: Path) -> None:
    folder = shutil.copytree(asked.folder, tmp_path / "later", symlinks=True)
    later = Workspace(Path(folder), asked.checkout)
    assert later.pending() == {}
    (later.experiment / "data" / "plays" / "zweiter.xml").write_text(PLAY.format(play="zweiter"))
    assert later.pending()["plan"] == 1

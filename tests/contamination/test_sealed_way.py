"""A data set sealed on the command line, examined with a real model, and tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command import Run
from contamination.checked import TEXT
from experiment_files import change, write_experiment
from reprollm.contamination.reading import examinations, read_material
from reprollm.sealing.candidates import sealed_texts
from reprollm.sealing.seal import load_seal
from reprollm.sealing.secrets import load_secrets

LEDGER = Path("ledger/spelling")
ITEMS = 6
DATA = "id,source,reference,stratum\n" + "".join(
    f"i{number},vnd er ſprach zu jhm {number} mal,und er sprach zu ihm {number} mal,s\n"
    for number in range(ITEMS)
)
VARIANTS = "id,source\n" + "".join(
    f"i{number},ſo redet er mit jhm {number} mal\ni{number},{number} mal gab er jhm antwort\n"
    for number in range(ITEMS)
)
CHECKS = """\
contamination:
  family: {name: spelling}
  primary: sealed_twins
  text: prompts/text.jinja
  secrets: private/secrets.json
  sealed: {order: {permutations: 19, shards: 2, seed: 1}}
"""


def done(run: Run, *arguments: str) -> str:
    answer = run(*arguments)
    assert answer.code == 0, answer
    return answer.out


@pytest.fixture
def folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, reprollm: Run) -> Path:
    """Return the current folder; its `experiments/spelling` has sealed data."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "experiments" / "spelling"
    file = write_experiment(home, models / "llama.lock.json")
    (tmp_path / "items.csv").write_text(DATA, encoding="utf-8")
    (tmp_path / "variants.csv").write_text(VARIANTS, encoding="utf-8")
    (home / "prompts" / "text.jinja").write_text(TEXT, encoding="utf-8")
    done(
        reprollm, "dataset", "seal", "items.csv", "-o", str(home / "sealed"), "--order",
        "--variants", "variants.csv", "--canaries", "1", "--holdbacks", "19",
        "--secrets", str(home / "private" / "secrets.json"),
    )  # fmt: skip
    change(file, "file: data/items.csv,", "file: sealed/items.csv, seal: sealed/items.seal.json,")
    with file.open("a", encoding="utf-8") as out:
        out.write(CHECKS)
    return home


def examined(run: Run) -> dict[str, Any]:
    """Take the experiment from plan to findings; return these by method."""
    done(run, "plan", "spelling")
    done(run, "ledger", "commit", str(LEDGER))
    done(run, "contamination", "measure", "spelling", "--receipt", "measured.json")
    done(run, "ledger", "commit", str(LEDGER), "measured.json")
    done(run, "contamination", "examine", "spelling", "--receipt", "examined.json")
    done(run, "ledger", "commit", str(LEDGER), "examined.json")
    done(run, "ledger", "verify", str(LEDGER), "--allow-incomplete")
    rows = json.loads(
        done(
            run, "ledger", "query", str(LEDGER), "--format", "json",
            "SELECT canon FROM log WHERE kind = 'finding'",
        )
    )  # fmt: skip
    records = [json.loads(row["canon"]) for row in rows]
    return {record["finding"].removeprefix("contamination/"): record for record in records}


def test_sealed_texts_are_measured_and_stay_secret(folder: Path, reprollm: Run) -> None:
    found = examined(reprollm)
    [head] = examinations(LEDGER)
    material = read_material(LEDGER, head["examination"])
    twins, canaries = material.of("twin"), material.of("canary")
    assert len(twins) == 3 * ITEMS
    assert len(material.of("order")) == 2 * 20
    assert len(canaries) == 20

    seal = load_seal(folder / "sealed" / "items.seal.json")
    secrets = load_secrets(folder / "private" / "secrets.json", seal)
    assert seal.twins
    places = {group.subject: group.published for group in seal.twins.items}
    ranks = []
    for item, published in places.items():
        group = {each.variant: each for each in twins if each.subject == item}
        [own] = group.pop(published).logprobs or ()
        ranks.append(sum((each.logprobs or ())[0] >= own for each in group.values()))
        assert all(each.text is None and each.text_ids is None for each in group.values())
    evidence = found["sealed_twins"]["evidence"]
    assert evidence["detail"]["ranks"] == ranks
    assert evidence["n"] == ITEMS
    for method in ("sealed_order", "canaries"):
        assert 0 < float(found[method]["evidence"]["p"]) <= 1
        assert found[method]["subject"] == "*"

    kept = [text for *_, texts, _ in sealed_texts(seal, secrets) for text in texts]
    assert len(kept) == 2 * ITEMS + 19
    written = [path.read_bytes() for path in LEDGER.rglob("*") if path.is_file()]
    for text in kept:
        assert all(text.encode() not in content for content in written)


def test_the_file_that_was_read_in_place_of_the_published_one_is_refused(
    folder: Path, reprollm: Run
) -> None:
    (folder / "sealed" / "items.csv").chmod(0o644)
    (folder / "sealed" / "items.csv").write_text(DATA, encoding="utf-8")
    refused = reprollm("plan", "spelling")
    assert refused.code == 4
    assert "not the one that it read" in refused.err

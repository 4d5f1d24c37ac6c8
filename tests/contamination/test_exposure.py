"""Declarations into a ledger: time stamps are checked, and nothing is published twice."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from reprollm.contamination.exposure import (
    claimed_cutoff,
    load_declarations,
    publish_declared,
)
from reprollm.errors import DataInvalid
from reprollm.exposure.declared import Declared
from reprollm.exposure.verdict import model_of
from reprollm.records.shard import read_records
from reprollm.signing.stamp import chain, request, verify
from reprollm.snapshot.lock import Hub, load_lock
from signing.authorities import Authority, make_authority

ITEMS = b"id,source\n1,x\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "authority")


def write(folder: Path, authority: Authority, created: str | None = None) -> Path:
    """Write declarations with a stamped creation, on the day of the stamp unless it is given."""
    answer = authority.answer(request(ITEMS).as_bytes())
    created = created or verify(answer, chain(answer), ITEMS).time[:10]
    (folder / "items.csv").write_bytes(ITEMS)
    (folder / "items.tsr").write_bytes(answer)
    (folder / "chain.pem").write_bytes(chain(answer))
    path = folder / "declarations.yaml"
    path.write_text(
        "schema: reprollm/declarations/1\ncreations:\n"
        f"  - created: {created}\n    evidence: {{type: time_stamp, file: items.tsr, "
        f"sha256: {hashlib.sha256(answer).hexdigest()}, chain: chain.pem, over: items.csv}}\n",
        encoding="utf-8",
    )
    return path


def test_a_time_stamp_that_holds_is_a_proof_with_its_root(
    tmp_path: Path, authority: Authority
) -> None:
    path = write(tmp_path, authority, "2000")
    with pytest.raises(DataInvalid, match="to be the time that its evidence shows, found"):
        load_declarations(path)
    [found] = load_declarations(write(tmp_path, authority)).declared
    assert found.proved
    assert found.evidence["root"] == authority.fingerprint


def test_a_time_stamp_over_another_file_is_refused(tmp_path: Path, authority: Authority) -> None:
    path = write(tmp_path, authority)
    (tmp_path / "items.csv").write_bytes(ITEMS + b"2,y\n")
    with pytest.raises(DataInvalid, match="another text"):
        load_declarations(path)


def test_what_the_ledger_holds_is_not_published_again(tmp_path: Path) -> None:
    declared = [Declared("use", "*", None, {"outside": False})]
    shard = publish_declared(declared, "1" * 64, tmp_path)
    assert shard is not None
    [record] = read_records(shard.path(tmp_path))
    assert (record["kind"], record["what"], record["plan"]) == ("declaration", "use", "1" * 64)
    assert publish_declared(declared, "1" * 64, tmp_path) is None


def test_the_card_s_cutoff_is_a_claim_of_the_very_model_alone(models: Path) -> None:
    lock = load_lock(models / "llama.lock.json")
    assert claimed_cutoff(lock) == []
    hub = Hub("meta-llama/Llama-3.1-8B-Instruct", "0" * 40)
    [found] = claimed_cutoff(replace(lock, hub=hub))
    assert (found.what, found.subject) == ("release", lock.snapshot)
    assert found.evidence["cutoff"] == "2023-12"
    assert found.dated is None, "a claimed cutoff is no shown release"
    model = model_of(lock.snapshot, True, [found])
    assert model.cutoff is not None and model.released is None

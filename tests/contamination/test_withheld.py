"""A bundle in which what tells the items is withheld still verifies, as far as it is open."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from attacks.judging import by_reprollm, by_verify_py
from contamination.checked import EXPERIMENT, LEDGER
from reprollm.bundles.statement import Signers
from reprollm.experiment.load import load
from reprollm.publish.bundle import publish
from reprollm.publish.order import Order
from reprollm.signing.note_key import new_signing_key
from reprollm.withholding.withhold import parse_withholding


@pytest.mark.parametrize("salt", ["salt-public", "salt-secret"])
def test_a_bundle_without_its_texts_verifies(whole_once: Path, tmp_path: Path, salt: str) -> None:
    demands = parse_withholding([f"prompt,reference:{salt}"], "under copyright", allow_overlap=True)
    experiment = load(whole_once / EXPERIMENT / "experiment.yaml")
    file = tmp_path / "bundle.zip"
    signers = Signers(new_signing_key("example.org/author"))
    publish(Order(whole_once / LEDGER, experiment, file, signers, demands))
    with zipfile.ZipFile(file) as opened:
        written = b"".join(opened.read(name) for name in opened.namelist())
    assert b"zu jhm" not in written, "no source is shown"
    for said in (by_reprollm(file), by_verify_py(file)):
        assert (said.code, said.report["problems"]) == (0, [])
        numbers = said.report["levels"][3]
        assert numbers["verdict"] == "partly"
        told = " ".join(numbers["unchecked"])
        for part in ("sealed_twins", "screening", "extraction", "effect"):
            assert f"{part} not recomputed: withheld: " in told
        rows = said.report["contamination"]
        again = {str(row.get("method", row.get("name"))): row["recomputed"] for row in rows}
        assert again["decision"] == again["exposure"] == "same"
        assert again["guard"] == again["sealed_twins"] == "not recomputed"

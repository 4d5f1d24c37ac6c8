"""Sealed texts are measured here and written down nowhere."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from command import Run
from contamination.checked import (
    EXPERIMENT,
    ITEMS,
    LEDGER,
    VARIANTS,
    material,
    planned,
    records,
    well,
)
from experiment_files import change
from reprollm.contamination.examination import Examination
from reprollm.contamination.examined import Examined
from reprollm.contamination.measure import Work, refuse_leaks
from reprollm.errors import EngineUnavailable


def secret_texts() -> list[str]:
    return [line.split(",")[1] for line in VARIANTS.splitlines()[1:]] + [
        line.split(",")[2] for line in ITEMS.splitlines()[1:]
    ]


def test_all_variants_are_measured_and_only_published_words_are_kept(sealed: Path) -> None:
    found = material()
    assert {name: len(found.of(name)) for name in ("twin", "order", "canary")} == {
        "twin": 18,
        "order": 40,
        "canary": 4,
    }
    for item, published, count in found.checks["sealed"]["twins"]:
        group = [each for each in found.of("twin") if each.subject == item]
        assert [each.variant for each in group] == list(range(count))
        assert [each.variant for each in group if each.sealed is None] == [published]
        assert all((each.text is None) == (each.sealed is not None) for each in group)
        assert all(each.logprobs is not None and len(each.logprobs) == 1 for each in group)
    public = (EXPERIMENT / "data" / "items.csv").read_text(encoding="utf-8")
    kept = [text for text in secret_texts() if text not in public]
    assert len(kept) == 12
    for path in LEDGER.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [text for text in kept if text.encode() in content], path


def test_an_order_is_measured_row_by_row(sealed: Path) -> None:
    for each in material().of("order"):
        assert each.logprobs is not None and len(each.logprobs) == 3
        assert math.fsum(each.logprobs) < -each.tokens
        assert (each.text is None) == (each.variant > 0)


def test_the_sealed_tests_run(sealed: Path, reprollm: Run) -> None:
    shown = well(reprollm("contamination", "examine", "spelling")).out
    for method in ("sealed_twins", "sealed_order", "canaries"):
        assert method in shown


def test_an_examination_has_one_id_with_and_without_the_secrets(
    sealed: Path, reprollm: Run
) -> None:
    shutil.rmtree(LEDGER)
    planned(reprollm)
    (EXPERIMENT / "data" / "secrets.json").rename("elsewhere.json")
    well(reprollm("plan", "spelling"))
    assert len(records("examination")) == 1
    answer = reprollm("contamination", "measure", "spelling")
    assert answer.code == 3
    assert "secrets.json" in answer.err
    assert records("likelihood") == []


def test_another_data_file_than_the_sealed_one_is_refused(sealed: Path, reprollm: Run) -> None:
    (EXPERIMENT / "data" / "items.csv").write_text(ITEMS, encoding="utf-8")
    answer = reprollm("plan", "spelling")
    assert answer.code == 4
    assert "expected the published data file of the seal" in answer.err


def test_a_primary_test_without_its_seal_is_refused(sealed: Path, reprollm: Run) -> None:
    change(EXPERIMENT / "experiment.yaml", "  secrets: data/secrets.json\n", "")
    answer = reprollm("plan", "spelling")
    assert answer.code == 3
    assert "expected secrets for the primary test sealed_twins" in answer.err


class _Elsewhere:
    """Stands in for an engine that sends texts away: no such server can run here."""

    def exposure(self) -> dict[str, object]:
        return {"address": "https://models.example", "server": "api"}


def test_sealed_texts_are_not_given_to_an_engine_that_sends_them_away() -> None:
    core = {"engine": {"family": "server"}, "checks": {}}
    texts = (Examined("twin", "i0", 1, ("words",), "0" * 64),)
    examination = Examination("1" * 64, "2" * 64, "3" * 64, core, texts)  # type: ignore[arg-type]
    work = Work(Path(), examination, (), 0, 1, "4" * 64, Path())
    with pytest.raises(EngineUnavailable, match="sealed texts never leave this machine"):
        refuse_leaks(_Elsewhere(), work)  # type: ignore[arg-type]

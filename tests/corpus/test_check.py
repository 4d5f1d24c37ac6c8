from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprollm.corpus.check import Checked, check, tokenization_of
from reprollm.corpus.control import Tally
from reprollm.corpus.evidence import scan_findings
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets import PRESETS
from reprollm.corpus.presets.gpt3 import Gpt3
from reprollm.corpus.presets.preset import Preset
from reprollm.corpus.presets.robust import Robust
from reprollm.corpus.scan import scan
from reprollm.errors import InvalidInput

TESTS = [Item(f"i{at}", " ".join(f"w{at}x{word}" for word in range(20))) for at in range(8)]
CONTROL = [Item(f"i{at}", " ".join(f"c{at}x{word}" for word in range(20))) for at in range(10)]


def checked(
    folder: Path,
    documents: list[str],
    *,
    preset: Preset | None = None,
    items: list[Item] | None = None,
    control: list[Item] | None = None,
) -> Checked:
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in documents), "utf-8")
    chosen = preset or Robust()
    tokenization = tokenization_of(chosen.kind)
    return check(
        TESTS if items is None else items,
        control,
        chosen,
        tokenization,
        lambda found, n: scan([corpus], found, ScanOptions(tokenization, n)),
    )


def findings(of: Checked, fraction: str = "1") -> dict[str, Any]:
    return {each.subject: each.evidence for each in scan_findings(of, "training", fraction)}


def test_items_and_control_of_the_same_ids_are_told_apart(tmp_path: Path) -> None:
    documents = [TESTS[1].text, TESTS[3].text, f"vorher {CONTROL[3].text}"]
    found = checked(tmp_path, documents, control=CONTROL)
    assert [each.item for each in found.tests if each.verdict == "contaminated"] == ["i1", "i3"]
    assert found.control is not None
    assert [each.item for each in found.control if each.verdict == "contaminated"] == ["i3"]
    assert (found.tally, found.control_tally) == (Tally(8, 2, 0), Tally(10, 1, 0))
    assert [match.document for match in found.result.matches] == [
        "corpus.jsonl#1",
        "corpus.jsonl#2",
    ]
    assert [item.id for item in found.result.items] == [item.id for item in TESTS]


def test_what_is_fitted_is_fitted_to_the_test_items_alone(tmp_path: Path) -> None:
    short = [Item(str(at), " ".join(f"w{word}" for word in range(9))) for at in range(8)]
    found = checked(tmp_path, ["nichts"], preset=Gpt3(), items=short, control=CONTROL)
    assert found.preset.n == 9


def test_the_finding_of_the_set_holds_counts_control_and_excess(tmp_path: Path) -> None:
    documents = [TESTS[1].text, TESTS[3].text, CONTROL[3].text]
    evidence = findings(checked(tmp_path, documents, control=CONTROL), "0.5")["*"]
    assert (evidence["claim"], evidence["method"], evidence["mode"]) == ("fact", "scan", "corpus")
    assert (evidence["verdict"], evidence["statistic"], evidence["n"]) == (
        "contaminated items",
        "0.25",
        8,
    )
    assert evidence["p"] is None
    detail = evidence["detail"]
    assert detail["tally"]["clean_in_the_scanned_part"] == 6
    assert detail["control"]["contaminated"] == 1
    assert detail["excess"]["difference"] == "0.15"
    # P(X >= 2) of 8 drawn from 18 of which 3 are found: (28 * 10 + 56) / 816.
    assert detail["excess"]["fisher_p"] == format(336 / 816, ".9g")
    assert detail["missed"][1] == {"copies": 2, "probability": "0.25"}
    assert evidence["parameters"]["scan"] == "training"
    assert evidence["parameters"]["definition"] == {"n": 13}
    assert evidence["parameters"]["reading"]["tokens"] == "robust"


def test_items_that_are_found_or_too_short_have_findings_of_their_own(tmp_path: Path) -> None:
    items = [TESTS[0], TESTS[1], Item("kurz", "ja")]
    found = findings(checked(tmp_path, [f"vorher {TESTS[1].text}"], items=items))
    assert set(found) == {"*", "i1", "kurz"}
    assert (found["kurz"]["verdict"], found["kurz"]["statistic"]) == ("uncheckable", None)
    detail = found["i1"]["detail"]
    assert (detail["found"], detail["of"], detail["tokens"], detail["matches"]) == (8, 8, 20, 1)
    (span,) = detail["spans"]
    assert (span["document"], span["offset"]) == ("corpus.jsonl#1", 7)
    assert "excerpt" not in span


def test_nothing_found_speaks_of_the_scanned_part_alone(tmp_path: Path) -> None:
    assert findings(checked(tmp_path, ["nichts"]))["*"]["verdict"] == "none in the scanned part"
    short = [Item("a", "ja"), Item("b", "")]
    evidence = findings(checked(tmp_path, ["ja"], items=short, control=CONTROL))["*"]
    assert (evidence["verdict"], evidence["statistic"]) == ("uncheckable", None)
    assert evidence["detail"]["excess"] is None


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"llama2"}))
def test_a_verbatim_leak_is_found_by_every_preset_and_the_control_is_not(
    tmp_path: Path, preset: str
) -> None:
    leaked = [item.text for item in TESTS[:5]]
    found = checked(tmp_path, leaked, preset=PRESETS[preset], control=CONTROL)
    assert [each.item for each in found.tests if each.verdict == "contaminated"] == [
        item.id for item in TESTS[:5]
    ]
    assert found.control_tally == Tally(10, 0, 0)
    assert found.excess is not None
    # C(8, 5) of C(18, 5): all five among the eight.
    assert found.excess.p == pytest.approx(56 / 8568, abs=1e-12)


def test_a_preset_of_a_models_tokens_needs_its_tokenizer() -> None:
    with pytest.raises(InvalidInput, match="--tokenizer"):
        tokenization_of("tokenizer")

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from determinism.building import THREADS, measured, other_tokens, same
from reprollm.canon import dumps
from reprollm.compare.levels import Level
from reprollm.determinism.findings import refusal
from reprollm.determinism.picture import picture
from reprollm.determinism.report import declare, report, write_report
from reprollm.engines.declared import evidence_of, read_measurements
from reprollm.errors import InvalidInput

SVG = "{http://www.w3.org/2000/svg}"


def test_a_report_holds_every_measurement_in_canonical_form() -> None:
    found = report([measured(same(4)), measured(other_tokens(), policy="fast")], [("vllm", "no")])
    assert json.loads(dumps(found["measurements"])) == found["measurements"]
    assert [each["level"] for each in found["measurements"]] == ["L3", "L0"]
    assert found["refused"] == [{"what": "vllm", "why": "no"}]


def test_a_second_declaration_replaces_only_what_it_measured_again(tmp_path: Path) -> None:
    lock = tmp_path / "tiny.lock.json"
    strict, fast = measured(same(4)), measured(other_tokens(), policy="fast")
    file = declare(lock, [strict, fast])
    declare(lock, [measured(same(4), same(2, THREADS))])
    found = read_measurements(file)
    assert [(each["policy"], len(each["variations"])) for each in found] == [
        ("fast", 1),
        ("strict", 2),
    ]
    assert evidence_of(found[0]) == evidence_of(fast.to_json())
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "tiny.determinism.json"
    file.write_text('{"mine": 1}')
    with pytest.raises(InvalidInput, match=str(file)):
        declare(tmp_path / "tiny.lock.json", [measured(same(4))])
    assert file.read_text() == '{"mine": 1}'


def test_a_report_into_no_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        write_report(tmp_path / "nowhere" / "report.json", {})


def test_the_picture_shows_each_variation_as_a_bar_of_its_levels() -> None:
    drawn = ElementTree.fromstring(
        picture([measured(same(4), refusal(THREADS, "<no>")), measured(other_tokens())])
    )
    words = [element.text or "" for element in drawn.iter(f"{SVG}text")]
    assert "transformers, float32, strict: unknown" not in words
    assert words.count("again") == 2
    assert "2 threads *" in words
    assert "could not be asked so" in words
    assert "L0, parted at 2 ulp or less" in words
    bars = [
        float(element.attrib["width"])
        for element in drawn.iter(f"{SVG}rect")
        if element.attrib["height"] == "14"
    ]
    assert bars == [400.0, 400.0]


def test_the_level_of_a_measurement_is_that_of_what_counts() -> None:
    assert measured(same(4), other_tokens(THREADS)).level is Level.BITS
    assert measured(same(4), other_tokens()).level is Level.SETTINGS

"""Archives that could show different files to different people are refused by both verifiers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from attacks.archives import ARCHIVES, repacked, with_a_prefix, with_a_wrong_checksum
from attacks.judging import as_programs, by_reprollm, by_verify_py
from attacks.world import World
from reprollm.review import verify as verify_py


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_no_bundle_is_is_refused(name: str, world: World, tmp_path: Path) -> None:
    path = tmp_path / "inner" / "bundle.zip"
    path.parent.mkdir()
    path.write_bytes(ARCHIVES[name](world.bundle.read_bytes()))
    said, alone = by_reprollm(path), by_verify_py(path)
    assert (said.code, said.defects) == (10, {"ArchiveRefused"})
    assert alone.code == 10 and "ArchiveRefused" in alone.defects
    assert sorted(os.listdir(tmp_path)) == ["inner"], "nothing was written outside"


def test_a_checksum_that_is_not_that_of_its_member_names_the_file(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(with_a_wrong_checksum(world.bundle.read_bytes()))
    for said in (by_reprollm(path), by_verify_py(path)):
        assert (said.code, said.defects) == (10, {"FileChanged"})
        assert "CITATION.cff" in said.report["problems"][0]["sentence"]


def test_what_is_no_zip_is_no_bundle(world: World, tmp_path: Path) -> None:
    for name, content in (
        ("prefixed", with_a_prefix(world.bundle.read_bytes())[:-30]),
        ("text", b"a bundle, honestly\n" * 9),
        ("empty", b""),
    ):
        (tmp_path / name).write_bytes(content)
        assert by_reprollm(tmp_path / name).code == by_verify_py(tmp_path / name).code == 3


def test_a_bundle_packed_anew_by_a_common_tool_holds(world: World, tmp_path: Path) -> None:
    path = tmp_path / "again.zip"
    path.write_bytes(repacked(world.bundle.read_bytes()))
    assert path.stat().st_size < world.bundle.stat().st_size
    assert (by_reprollm(path).code, by_verify_py(path).code) == (0, 0)


def test_the_programs_say_by_their_exit_code_what_the_functions_say(
    world: World, tmp_path: Path
) -> None:
    script = Path(verify_py.__file__)
    assert as_programs(world.bundle, script) == (0, 0)
    path = tmp_path / "bundle.zip"
    path.write_bytes(ARCHIVES["path with .."](world.bundle.read_bytes()))
    assert as_programs(path, script) == (10, 10)


def test_the_archives_are_counted(record_property: Callable[[str, object], None]) -> None:
    record_property("counted", f"archive attacks: {len(ARCHIVES)}, each refused by both verifiers")
    assert len(ARCHIVES) >= 30

"""`reprollm model` as people call it: real processes, one sentence for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import without_progress
from reprollm.snapshot import load_lock
from tiny_models import make_gpt_neox, make_llama


def reprollm(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reprollm", "model", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
    )


def test_pin_check_and_show_a_model(llama: Path, tmp_path: Path) -> None:
    pinned = reprollm("pin", llama, "-o", "models/my.lock.json", cwd=tmp_path)
    lock = load_lock(tmp_path / "models/my.lock.json")
    assert (pinned.returncode, without_progress(pinned.stderr)) == (0, "")
    assert lock.snapshot in pinned.stdout
    assert lock.weights in pinned.stdout

    checked = reprollm("check", "models/my.lock.json", cwd=tmp_path)
    assert (checked.returncode, without_progress(checked.stderr)) == (0, "")
    assert f"{llama} holds snapshot {lock.snapshot}" in checked.stdout

    shown = reprollm("show", "models/my.lock.json", cwd=tmp_path)
    assert shown.returncode == 0
    for part in (lock.weights, "LlamaForCausalLM", "F32 (115,008)", "model.safetensors", "462,176"):
        assert part in shown.stdout


def test_the_lock_is_named_for_the_model_and_lies_here(llama: Path, tmp_path: Path) -> None:
    assert reprollm("pin", llama, "--name", "My/Model", cwd=tmp_path).returncode == 0
    assert load_lock(tmp_path / "My-Model.lock.json").name == "My/Model"


def test_show_prints_the_whole_lock_as_json(llama: Path, tmp_path: Path) -> None:
    reprollm("pin", llama, "-o", "x.lock.json", cwd=tmp_path)
    shown = reprollm("show", "x.lock.json", "--json", cwd=tmp_path)
    found = json.loads(shown.stdout)
    assert found.pop("card")["licence"]["class"] == "unknown"
    assert found == json.loads((tmp_path / "x.lock.json").read_text())
    assert shown.stdout.count("\n") == 1


def test_a_changed_byte_ends_the_check_with_the_files_name(llama: Path, tmp_path: Path) -> None:
    reprollm("pin", llama, "-o", "models/x.lock.json", cwd=tmp_path)
    weights = llama / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    for place in ([], [llama]):
        checked = reprollm("check", "models/x.lock.json", *place, cwd=tmp_path)
        assert checked.returncode == 4
        assert checked.stdout == ""
        assert "model.safetensors is not the file that was pinned" in checked.stderr
        assert checked.stderr.count("\n") == 1


def test_another_architecture_pins_and_checks_too(tmp_path: Path) -> None:
    folder = make_gpt_neox(tmp_path / "models" / "neox", shards=2)
    assert reprollm("pin", folder, "-o", "models/neox.lock.json", cwd=tmp_path).returncode == 0
    assert reprollm("check", "models/neox.lock.json", cwd=tmp_path).returncode == 0


def test_files_can_be_left_out(llama: Path, tmp_path: Path) -> None:
    (llama / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    refused = reprollm("pin", llama, "-o", "models/x.lock.json", cwd=tmp_path)
    assert refused.returncode == 3
    assert "pytorch_model.bin" in refused.stderr
    assert not (tmp_path / "models/x.lock.json").exists()
    pinned = reprollm("pin", llama, "-o", "models/x.lock.json", "--exclude", "*.bin", cwd=tmp_path)
    assert pinned.returncode == 0
    assert reprollm("check", "models/x.lock.json", cwd=tmp_path).returncode == 0


def test_a_lock_inside_the_model_folder_is_refused(llama: Path, tmp_path: Path) -> None:
    refused = reprollm("pin", llama, "-o", llama / "x.lock.json", cwd=tmp_path)
    assert refused.returncode == 3
    assert not (llama / "x.lock.json").exists()


def test_an_existing_lock_is_replaced_only_when_asked(llama: Path, tmp_path: Path) -> None:
    other = make_llama(tmp_path / "other", seed=1)
    reprollm("pin", llama, "-o", "x.lock.json", cwd=tmp_path)
    assert reprollm("pin", other, "-o", "x.lock.json", cwd=tmp_path).returncode == 3
    assert reprollm("pin", other, "-o", "x.lock.json", "--replace", cwd=tmp_path).returncode == 0
    assert load_lock(tmp_path / "x.lock.json").name == "other"


@pytest.mark.parametrize(
    "arguments", [("pin", "nowhere"), ("check", "nowhere"), ("show", "nowhere")]
)
def test_what_is_missing_ends_in_one_sentence(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = reprollm(*arguments, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("reprollm: expected a ")
    assert "Traceback" not in done.stderr


def test_help_of_every_command_has_an_example(tmp_path: Path) -> None:
    for arguments in ([], ["pin"], ["check"], ["show"]):
        shown = reprollm(*arguments, "--help", cwd=tmp_path)
        assert "Example: reprollm model" in shown.stdout


def test_a_name_that_would_act_on_the_terminal_is_refused(llama: Path, tmp_path: Path) -> None:
    for name in ("[red]\x1b[31mx", "x\u202e", " "):
        done = reprollm("pin", llama, "--name", name, "-o", "x.lock.json", cwd=tmp_path)
        assert done.returncode == 3
        assert done.stderr.isascii()
        assert "\x1b" not in done.stderr


def test_markup_in_a_name_is_shown_as_text(llama: Path, tmp_path: Path) -> None:
    reprollm("pin", llama, "--name", "[red]x[/red]", "-o", "x.lock.json", cwd=tmp_path)
    assert "[red]x[/red]" in reprollm("show", "x.lock.json", cwd=tmp_path).stdout

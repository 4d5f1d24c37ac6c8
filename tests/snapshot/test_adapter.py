"""Adapters are snapshots of their own, and identity is the ordered pair with its scales."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import without_progress
from reprollm.canon import dumps
from reprollm.errors import InvalidInput, SnapshotRefused
from reprollm.records.kinds import check, new
from reprollm.snapshot import load_lock, pin
from reprollm.snapshot.adapter_fit import check_base
from reprollm.snapshot.check import verify
from reprollm.snapshot.compose import compose
from reprollm.snapshot.derivation import Derivation, Source
from reprollm.snapshot.lock import Lock, write_lock
from reprollm.snapshot.manifest import snapshot_id
from reprollm.snapshot.model import load_model, locate_model
from tiny_adapters import make_lora
from tiny_models import make_llama
from tiny_quantized import make_quantized


def pinned(lock: Lock, path: Path) -> Path:
    write_lock(lock, path, replace=False)
    return path


def test_an_adapter_folder_is_pinned_with_what_it_says_of_itself(tmp_path: Path) -> None:
    lock = pin(make_lora(tmp_path / "style", revision="abc123", use_dora=True))
    found = lock.facts.adapter
    assert found is not None
    assert (found.type, found.rank, found.alpha) == ("lora", 8, "16")
    assert found.targets == ("down_proj", "q_proj")
    assert (found.base_model, found.base_revision) == ("org/tiny-llama", "abc123")
    assert (found.variants, found.tool_version) == (("dora",), "0.21.2")
    assert lock.base is None
    record = new("snapshot", **lock.to_record())
    check(record)
    assert b'"adapter":{"alpha":"16"' in dumps(record)


@pytest.mark.parametrize("config", [{"peft_type": None}, {"r": 0}, {"r": "8"}])
def test_a_malformed_adapter_is_refused(config: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(SnapshotRefused, match=r"adapter_config\.json"):
        pin(make_lora(tmp_path, **config))


def test_the_training_base_is_recorded_where_it_is_known(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    lock = pin(make_lora(tmp_path / "style"), base=base)
    assert lock.base == Source("training base", "base", base.snapshot, base.weights)
    file = pinned(lock, tmp_path / "style.lock.json")
    assert load_lock(file) == lock
    verify(tmp_path / "style", lock)


def test_a_base_for_what_is_no_adapter_is_refused(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    with pytest.raises(InvalidInput, match="for an adapter"):
        pin(make_llama(tmp_path / "other", seed=1), base=base)
    with pytest.raises(InvalidInput, match="whole model"):
        pin(make_lora(tmp_path / "one"), base=pin(make_lora(tmp_path / "two", seed=1)))


def test_another_base_than_the_training_base_is_refused(tmp_path: Path) -> None:
    base, other = (pin(make_llama(tmp_path / str(seed), seed=seed)) for seed in (0, 1))
    adapter = pin(make_lora(tmp_path / "style"), base=base)
    assert check_base(base, adapter).verdict == "agrees"
    with pytest.raises(SnapshotRefused, match="the base that style was trained on, 0"):
        check_base(other, adapter)


def test_the_training_base_is_known_in_other_files_and_by_derivation(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    adapter = pin(make_lora(tmp_path / "style"), base=base)
    sharded = pin(make_llama(tmp_path / "sharded", shards=2))
    assert "in other files" in check_base(sharded, adapter).what
    other = pin(make_llama(tmp_path / "other", seed=1))
    source = Source("source", "base", base.snapshot, base.weights)
    made = dataclasses.replace(other, derivation=Derivation((source,), "converter", "1"))
    assert "was made from" in check_base(made, adapter).what


@pytest.mark.parametrize(
    ("named", "verdict"),
    [("org/base", "unchecked"), ("/models/BASE/", "unchecked"), ("org/x", "doubtful")],
)
def test_where_only_names_are_known_they_are_compared_and_that_is_said(
    named: str, verdict: str, tmp_path: Path
) -> None:
    base = pin(make_llama(tmp_path / "base"))
    found = check_base(base, pin(make_lora(tmp_path / "style", base=named)))
    assert found.verdict == verdict
    assert "only names" in found.what


def test_an_adapter_that_names_no_base_is_doubtful(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    assert check_base(base, pin(make_lora(tmp_path / "x", base=None))).verdict == "doubtful"


@pytest.mark.parametrize("start", ["pissa_niter_4", "olora", "OLoRA", "loftq"])
def test_an_adapter_that_would_change_the_bases_weights_is_refused(
    start: str, tmp_path: Path
) -> None:
    base = pin(make_llama(tmp_path / "base"))
    adapter = pin(make_lora(tmp_path / "style", init_lora_weights=start))
    with pytest.raises(SnapshotRefused, match=f"found style with the variant 'init_{start}'"):
        check_base(base, adapter)


def test_an_adapter_with_an_ordinary_start_is_not(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    for start in (True, "gaussian"):
        adapter = pin(make_lora(tmp_path / str(start), init_lora_weights=start))
        assert check_base(base, adapter).verdict == "doubtful"


def test_a_model_is_no_adapter_and_an_adapter_no_model(tmp_path: Path) -> None:
    base, adapter = pin(make_llama(tmp_path / "base")), pin(make_lora(tmp_path / "style"))
    with pytest.raises(SnapshotRefused, match="lock of an adapter"):
        check_base(base, base)
    with pytest.raises(SnapshotRefused, match="whole model as base"):
        check_base(adapter, adapter)


def test_an_adapter_alone_is_no_model_of_an_experiment(tmp_path: Path) -> None:
    file = pinned(pin(make_lora(tmp_path / "style")), tmp_path / "style.lock.json")
    with pytest.raises(SnapshotRefused, match="name its base as the model"):
        load_model(file)


def test_order_and_scale_are_identity(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    one, two = (pin(make_lora(tmp_path / f"a{seed}", seed=seed)) for seed in (1, 2))
    asked = [
        [],
        [(one, "1")],
        [(one, "0.5")],
        [(one, "1"), (two, "1")],
        [(two, "1"), (one, "1")],
        [(one, "1"), (two, "0.5")],
        [(one, "0.5"), (two, "1")],
        [(one, "1"), (one, "1")],
    ]
    whole = [compose(base, adapters) if adapters else base for adapters in asked]
    assert len({lock.snapshot for lock in whole}) == len(asked)
    assert len({lock.weights for lock in whole}) == len(asked)
    assert {lock.tokenizer for lock in whole} == {base.tokenizer}
    assert all(lock.snapshot == snapshot_id(lock.files) for lock in whole)


def test_a_composition_names_its_parts(tmp_path: Path) -> None:
    base, adapter = pin(make_llama(tmp_path / "base")), pin(make_lora(tmp_path / "style"))
    whole = compose(base, [(adapter, "0.5")])
    assert whole.name == "base+style"
    assert whole.derivation is not None
    assert [each.snapshot for each in whole.derivation.sources] == [
        base.snapshot,
        adapter.snapshot,
    ]
    made = whole.derivation.to_record()
    assert made["parameters"] == {"scale_1": "0.5"}
    dumps(made)


def test_a_model_with_adapters_is_found_in_the_order_of_its_parts(tmp_path: Path) -> None:
    base, adapter = pin(make_llama(tmp_path / "base")), pin(make_lora(tmp_path / "style"))
    model = load_model(
        pinned(base, tmp_path / "base.lock.json"),
        [(pinned(adapter, tmp_path / "style.lock.json"), "1")],
    )
    assert locate_model(model).folders == (tmp_path / "base", tmp_path / "style")
    assert [fit.verdict for fit in model.fits()] == ["doubtful"]


def test_an_adapter_for_a_larger_model_is_refused_before_loading(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base", hidden=128))
    adapter = pin(make_lora(tmp_path / "style"))
    model = load_model(
        pinned(base, tmp_path / "base.lock.json"),
        [(pinned(adapter, tmp_path / "style.lock.json"), "1")],
    )
    with pytest.raises(SnapshotRefused, match="128 outputs and 256 inputs as in the base"):
        locate_model(model)


def test_an_adapter_of_another_rank_than_it_says_is_refused(tmp_path: Path) -> None:
    base, adapter = pin(make_llama(tmp_path / "base")), pin(make_lora(tmp_path / "style", r=4))
    model = load_model(
        pinned(base, tmp_path / "base.lock.json"),
        [(pinned(adapter, tmp_path / "style.lock.json"), "1")],
    )
    with pytest.raises(SnapshotRefused, match="expected rank 4"):
        locate_model(model)


def test_shapes_of_a_quantized_base_are_left_to_the_engine(tmp_path: Path) -> None:
    base = pin(make_quantized(tmp_path / "base", "gptq"))
    adapter = pin(make_lora(tmp_path / "style"))
    model = load_model(
        pinned(base, tmp_path / "base.lock.json"),
        [(pinned(adapter, tmp_path / "style.lock.json"), "1")],
    )
    assert len(locate_model(model).folders) == 2


def test_the_command_pins_an_adapter_with_its_base_and_shows_both(tmp_path: Path) -> None:
    base = pin(make_llama(tmp_path / "base"))
    pinned(base, tmp_path / "base.lock.json")
    make_lora(tmp_path / "style", base="org/\x1b[31mred")
    made = reprollm(
        "pin", "style", "-o", "style.lock.json", "--base", "base.lock.json", at=tmp_path
    )
    assert (made.returncode, without_progress(made.stderr)) == (0, "")
    shown = reprollm("show", "style.lock.json", at=tmp_path).stdout
    assert "lora, rank 8, alpha 16" in shown
    assert "a name is no identity" in shown
    assert "\x1b" not in shown
    assert load_lock(tmp_path / "style.lock.json").base == Source(
        "training base", "base", base.snapshot, base.weights
    )


def reprollm(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reprollm", "model", *arguments]
    wide = os.environ | {"COLUMNS": "120"}
    return subprocess.run(command, cwd=at, env=wide, capture_output=True, text=True)

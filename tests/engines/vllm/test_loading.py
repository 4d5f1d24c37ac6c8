from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reprollm.engines.adapting import Applied
from reprollm.engines.vllm.description import distribution
from reprollm.engines.vllm.engine import VllmEngine
from reprollm.engines.vllm.loading import _rank
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.lock import Lock

STRICT = EngineSettings("vllm", "float32", "cpu", "strict", 4, context=64)


def test_without_vllm_it_is_said_how_to_install_it(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    for name in ("VLLM_PLUGINS", "VLLM_BATCH_INVARIANT"):
        monkeypatch.setenv(name, "")
    with pytest.raises(EngineUnavailable, match=r"pip install 'reprollm\[vllm\]'"):
        VllmEngine(models / "llama", STRICT)


def adapter(folder: Path, lock: Lock, scale: str) -> Applied:
    return Applied(lock, folder, scale)


def test_adapters_that_vllm_would_apply_otherwise_are_refused_before_anything_is_loaded(
    models: Path,
) -> None:
    from reprollm.snapshot.pin import pin

    lock = pin(models / "llama")
    one, half = adapter(models, lock, "1"), adapter(models, lock, "0.5")
    with pytest.raises(EngineUnavailable, match="found 2; merge them"):
        VllmEngine(models / "llama", STRICT, [one, one])
    with pytest.raises(EngineUnavailable, match=r"found '0\.5'; use the transformers engine"):
        VllmEngine(models / "llama", STRICT, [half])


@pytest.mark.parametrize(("rank", "room"), [(1, 1), (2, 8), (8, 8), (9, 16), (512, 512)])
def test_room_is_made_for_an_adapters_rank(tmp_path: Path, rank: int, room: int) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": rank}), encoding="utf-8")
    assert _rank(tmp_path) == room


@pytest.mark.parametrize(
    "config", ["{", "[]", '{"r": 513}', '{"r": "8"}', '{"r": 8, "rank_pattern": 5}']
)
def test_an_adapter_without_a_fitting_rank_is_refused(tmp_path: Path, config: str) -> None:
    (tmp_path / "adapter_config.json").write_text(config, encoding="utf-8")
    with pytest.raises(EngineUnavailable, match="rank of at most 512"):
        _rank(tmp_path)


def test_the_distribution_of_a_module_is_named_with_its_version() -> None:
    name, _, version = distribution("pytest").partition("==")
    assert (name, version.split(".")[0].isdigit()) == ("pytest", True)
    assert distribution("no_such_module") == "unknown"

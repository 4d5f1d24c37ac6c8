"""A plan names an engine that can read its model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gguf_files import gguf_bytes
from reprollm.errors import EngineUnavailable
from reprollm.prompts.formats import check_format
from reprollm.snapshot.pin import pin
from tiny_models import make_llama


def test_gguf_is_for_llama_cpp_and_safetensors_for_transformers(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(gguf_bytes())
    gguf = pin(tmp_path / "model.gguf")
    plain = pin(make_llama(tmp_path / "llama"))
    check_format(gguf, "llamacpp")
    check_format(plain, "transformers")
    check_format(plain, "vllm")
    with pytest.raises(EngineUnavailable, match=r"found the GGUF model 'model'; write `family"):
        check_format(gguf, "transformers")
    with pytest.raises(EngineUnavailable, match="reprollm model convert"):
        check_format(dataclasses.replace(plain, name="x"), "llamacpp")

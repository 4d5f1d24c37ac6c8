"""What is about llama.cpp alone."""

from __future__ import annotations

from importlib.util import find_spec


def test_nothing_here_needs_torch_or_transformers() -> None:
    assert [name for name in ("torch", "transformers", "tokenizers") if find_spec(name)] == []

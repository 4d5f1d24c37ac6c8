"""Locks of tiny models as if they had been published: with cards, licence texts, repositories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from reprollm.snapshot import Lock, pin
from reprollm.snapshot.lock import Hub
from tiny_models import make_gpt_neox, make_llama, make_qwen3

MakeLock: TypeAlias = Callable[..., Lock]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MAKERS = {"llama": make_llama, "qwen3": make_qwen3, "gpt_neox": make_gpt_neox}


@pytest.fixture
def make_lock(tmp_path: Path) -> MakeLock:
    """Return a function that pins a tiny model with the given files beside it."""

    def make(
        repo: str | None = None, card: str | None = None, kind: str = "llama", **texts: str
    ) -> Lock:
        folder = MAKERS[kind](tmp_path / "Llama-3.1-8B-Instruct")
        if card is not None:
            (folder / "README.md").write_text(f"---\n{card}\n---\n# A card\n", encoding="utf-8")
        for name, text in texts.items():
            (folder / name.replace("__", "-")).write_text(text, encoding="utf-8")
        lock = pin(folder)
        return replace(lock, hub=Hub(repo, COMMIT)) if repo else lock

    return make

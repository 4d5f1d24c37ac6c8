"""A machine of its own for every test: home, caches and model folders in a temporary place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_models import make_llama

HubCache = Callable[..., Path]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that no test sees or leaves anything of the user's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for variable in (
        "REPROLLM_MODELS",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    """A tiny Llama snapshot in one file."""
    return make_llama(tmp_path / "models" / "llama")


@pytest.fixture
def hub_cache(tmp_path: Path) -> HubCache:
    """Return a function that stores a folder as huggingface_hub's cache does."""

    def store(source: Path, cache: Path | None = None, repo: str = "org/tiny") -> Path:
        root = (cache or tmp_path / "hub") / ("models--" + repo.replace("/", "--"))
        snapshot = root / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        (root / "blobs").mkdir()
        (root / "refs").mkdir()
        (root / "refs" / "main").write_text(COMMIT)
        for file in sorted(source.iterdir()):
            content = file.read_bytes()
            blob = root / "blobs" / blob_name(file.name, content)
            blob.write_bytes(content)
            (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
        return snapshot

    return store


def blob_name(name: str, content: bytes) -> str:
    """Return the name that the hub gives a file: SHA-256 for large-file storage, else Git's id."""
    if name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

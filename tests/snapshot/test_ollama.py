"""Models that Ollama keeps, pinned from its manifests and blobs; the store is made byte by byte.

Ollama itself cannot be installed from the package index: the layout of its store is written down
from its source (2026-08).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command import runner
from gguf_models import converted
from reprollm.errors import InvalidInput, SnapshotChanged, SnapshotNotFound, SnapshotRefused
from reprollm.snapshot.locate import locate
from reprollm.snapshot.ollama import parse_name, view
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

MEDIA = "application/vnd.ollama.image."


class Store:
    """A folder as Ollama keeps it."""

    def __init__(self, folder: Path, weights: bytes) -> None:
        self.folder = folder
        self.layers = [
            self.blob("model", weights),
            self.blob("template", b"{{ .Prompt }}"),
            self.blob("params", b'{"stop": ["<|end|>"]}'),
            self.blob("license", b"MIT License"),
            self.blob("license", b"Another licence"),
        ]
        self.write({"model_format": "gguf"})

    def blob(self, kind: str, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / "blobs" / f"sha256-{digest}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        size = len(content)
        return {"mediaType": MEDIA + kind, "digest": f"sha256:{digest}", "size": size}

    def write(self, config: dict[str, Any], name: str = "library/tiny/latest") -> Path:
        manifest = {
            "schemaVersion": 2,
            "config": self.blob("config", json.dumps(config).encode()),
            "layers": self.layers,
        }
        path = self.folder / "manifests" / "registry.ollama.ai" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(manifest))
        return path

    @property
    def weights(self) -> Path:
        return self.folder / "blobs" / self.layers[0]["digest"].replace(":", "-")


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("ollama")
    return converted(make_llama(folder / "llama")).file.read_bytes()


@pytest.fixture
def store(tmp_path: Path, gguf: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    yield Store(tmp_path / "ollama", gguf)


def test_a_model_is_pinned_with_manifest_template_and_parameters(store: Store) -> None:
    lock = pin(view("tiny"))
    assert [file.path for file in lock.files] == [
        "license-2.txt",
        "license.txt",
        "manifest.json",
        "model.gguf",
        "ollama-config.json",
        "params.json",
        "template.txt",
    ]
    digests = {file.path: file.sha256 for file in lock.files}
    manifest = store.folder / "manifests/registry.ollama.ai/library/tiny/latest"
    assert digests["manifest.json"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert f"sha256:{digests['model.gguf']}" == store.layers[0]["digest"]
    assert lock.gguf_file == "model.gguf"
    assert lock.facts.layers == 2


def test_a_pinned_model_is_found_again(store: Store) -> None:
    lock = pin(view("tiny"))
    assert locate(lock, mode="full").how == "full"


def test_a_blob_that_is_not_what_its_name_says_is_refused(store: Store) -> None:
    content = bytearray(store.weights.read_bytes())
    content[-1] ^= 1
    store.weights.write_bytes(content)
    with pytest.raises(SnapshotChanged, match=r"model\.gguf"):
        pin(view("tiny"))


def test_a_changed_template_is_another_snapshot(store: Store) -> None:
    before = pin(view("tiny"))
    store.layers[1] = store.blob("template", b"{{ .System }}{{ .Prompt }}")
    store.write({"model_format": "gguf"})
    after = pin(view("tiny"))
    assert before.weights == after.weights
    assert before.snapshot != after.snapshot


@pytest.mark.parametrize("config", [{"remote_host": "https://x"}, {"remote_model": "big"}])
def test_a_model_of_the_cloud_is_refused(config: dict[str, str], store: Store) -> None:
    store.write(config)
    with pytest.raises(SnapshotRefused, match="sends elsewhere"):
        view("tiny")


def test_a_manifest_without_weights_is_refused(store: Store) -> None:
    del store.layers[0]
    store.write({})
    with pytest.raises(SnapshotRefused, match="layer with weights"):
        view("tiny")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"config": 1, "layers": []}', b"[" * 100_000, b"x" * (1 << 21)],
)
def test_what_is_no_manifest_is_refused(content: bytes, store: Store) -> None:
    store.write({}).write_bytes(content)
    with pytest.raises(SnapshotRefused):
        view("tiny")


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "sha256:" + "0" * 64, None])
def test_a_layer_that_leads_nowhere_is_refused(digest: str | None, store: Store) -> None:
    store.layers[0]["digest"] = digest
    store.write({})
    with pytest.raises(SnapshotNotFound, match="ollama pull tiny:latest"):
        view("tiny")


def test_a_layer_of_an_unknown_kind_is_refused(store: Store) -> None:
    store.layers.append(store.blob("tensor", b"x"))
    store.write({})
    with pytest.raises(SnapshotRefused, match="known kinds"):
        view("tiny")


@pytest.mark.parametrize("name", ["", "../x", "a/b/c/d", "tiny:", "ti ny", "x/../../etc:passwd"])
def test_what_is_no_name_is_refused(name: str, store: Store) -> None:
    with pytest.raises((InvalidInput, SnapshotNotFound)):
        view(name)


def test_names_are_completed_as_ollama_does() -> None:
    assert parse_name("llama3.2:1b").short == "llama3.2:1b"
    assert parse_name("me/tiny").short == "me/tiny:latest"
    found = parse_name("hf.co/me/tiny:Q4_K_M")
    assert (found.host, found.short) == ("hf.co", "hf.co/me/tiny:Q4_K_M")


def test_a_model_that_is_not_there_says_how_to_get_it(store: Store) -> None:
    with pytest.raises(SnapshotNotFound, match="ollama pull other:latest"):
        view("other")


def test_the_command_pins_a_model_by_its_name(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, lock = runner(monkeypatch, capsys), tmp_path / "tiny.lock.json"
    assert run("model", "pin", "--ollama", "tiny", "-o", str(lock)).code == 0
    assert json.loads(lock.read_text())["name"] == "tiny:latest"
    assert run("model", "check", str(lock)).code == 0
    assert run("model", "pin").code == 2

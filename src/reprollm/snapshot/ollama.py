"""A model that Ollama keeps, as a folder: links to its blobs under names that say what they are.

Ollama stores a manifest (`manifests/HOST/NAMESPACE/MODEL/TAG`) that lists layers by media type and
SHA-256, and the layers themselves as `blobs/sha256-HEX`. The digest that its API reports is the
manifest's, so it covers weights, template and parameters together. Here the manifest is copied and
every layer linked into a folder of this program's own, `view`, which is pinned, checked and located
like any other: each blob is hashed and compared with its name.

A tag moves when the model is pulled again; the folder is then made anew by pinning again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput, SnapshotNotFound, SnapshotRefused
from reprollm.snapshot.places import ollama_views

VARIABLE = "OLLAMA_MODELS"
SERVICE = Path("/usr/share/ollama/.ollama/models")
"""Where Ollama keeps models when it runs as a service of the system."""

MANIFEST = "manifest.json"
MAX_MANIFEST = 1024 * 1024
MAX_CONFIG = 1024 * 1024

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_MEDIA = "application/vnd.ollama.image."
_NAMES = {
    "model": "model.gguf",
    "projector": "projector.mmproj",
    "adapter": "adapter.lora",
    "template": "template.txt",
    "system": "system.txt",
    "prompt": "prompt.txt",
    "params": "params.json",
    "messages": "messages.json",
    "license": "license.txt",
}
CONFIG = "ollama-config.json"
"""The layer that Ollama calls the config; `config.json` would be read as another thing."""


@dataclass(frozen=True)
class Name:
    """A model's name in Ollama: `[HOST/][NAMESPACE/]MODEL[:TAG]`, completed."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def short(self) -> str:
        """The name as Ollama shows it: without what it would complete."""
        parts = [self.model]
        if (self.host, self.namespace) != ("registry.ollama.ai", "library"):
            parts.insert(0, self.namespace)
        if self.host != "registry.ollama.ai":
            parts.insert(0, self.host)
        return f"{'/'.join(parts)}:{self.tag}"


def parse_name(text: str) -> Name:
    """Return the name in `text`; raise `InvalidInput` where it is none."""
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, "latest"
    parts = path.split("/")
    whole = [*("registry.ollama.ai", "library")[: max(0, 3 - len(parts))], *parts, tag]
    if len(whole) != 4 or not all(_PART.match(part) for part in whole):
        raise InvalidInput(
            f"expected a model's name as Ollama shows it, such as llama3.2:1b, found {text!a:.120}"
        )
    return Name(*whole)


def view(text: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return a folder that shows the model `text` of Ollama, made now.

    Args:
        text: the model's name, as `ollama list` shows it.
        environment: `OLLAMA_MODELS` says where Ollama keeps models, else its own defaults.

    Raises:
        InvalidInput: it is no name.
        SnapshotNotFound: Ollama keeps no such model here.
        SnapshotRefused: it runs on another machine, or is stored in a form that is not read.
    """
    name = parse_name(text)
    store = _store(name, environment)
    content = _manifest(store, name)
    layers = _layers(content, name, store)
    folder = ollama_views() / re.sub(r"[^A-Za-z0-9._-]", "-", f"{name.host}-{name.short}")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / MANIFEST).write_bytes(content)
    for path, blob in layers.items():
        (folder / path).symlink_to(blob)
    return folder


def _store(name: Name, environment: Mapping[str, str]) -> Path:
    named = environment.get(VARIABLE)
    stores = [Path(named).expanduser()] if named else [Path.home() / ".ollama" / "models", SERVICE]
    for store in stores:
        if _path(store, name).is_file():
            return store
    raise SnapshotNotFound(
        f"expected the model {name.short} among those that Ollama keeps, found it not in "
        f"{' or '.join(map(str, stores))}; get it with `ollama pull {name.short}`, or name the "
        f"folder of Ollama's models in {VARIABLE}"
    )


def _path(store: Path, name: Name) -> Path:
    return store / "manifests" / name.host / name.namespace / name.model / name.tag


def _manifest(store: Path, name: Name) -> bytes:
    path = _path(store, name)
    with path.open("rb") as file:
        content = file.read(MAX_MANIFEST + 1)
    if len(content) > MAX_MANIFEST:
        raise SnapshotRefused(f"expected a manifest below {MAX_MANIFEST} bytes at {path}")
    return content


def _layers(content: bytes, name: Name, store: Path) -> dict[str, Path]:
    """Return the path in the snapshot and the blob of every layer of a manifest."""
    manifest = _object(content, f"the manifest of {name.short}")
    config = manifest.get("config")
    listed = manifest.get("layers")
    if not isinstance(config, dict) or not isinstance(listed, list):
        raise SnapshotRefused(f"expected config and layers in the manifest of {name.short}")
    blobs = {CONFIG: _blob(config, name, store)}
    _refuse_remote(blobs[CONFIG], name)
    for layer in listed:
        kind = str(layer.get("mediaType", "") if isinstance(layer, dict) else "")
        path = _NAMES.get(kind.removeprefix(_MEDIA))
        if path is None:
            raise SnapshotRefused(
                f"expected layers of known kinds ({', '.join(_NAMES)}) in {name.short}, found "
                f"{kind!a:.100}; pin the files that the model was made from instead"
            )
        blobs[_free(path, blobs)] = _blob(layer, name, store)
    if "model.gguf" not in blobs:
        raise SnapshotRefused(
            f"expected a layer with weights in {name.short}, found none; a model of Ollama's cloud "
            "has none on this machine and cannot be pinned"
        )
    return blobs


def _free(path: str, taken: Mapping[str, Path]) -> str:
    """Return `path`, or with a number in it where that is taken: several licences may be kept."""
    stem, dot, ending = path.partition(".")
    names = [path, *(f"{stem}-{number}{dot}{ending}" for number in range(2, 100))]
    return next(name for name in names if name not in taken)


def _blob(layer: dict[str, Any], name: Name, store: Path) -> Path:
    found = _DIGEST.match(str(layer.get("digest")))
    blob = store / "blobs" / f"sha256-{found[1]}" if found else None
    if blob is None or not blob.is_file():
        raise SnapshotNotFound(
            f"expected the blobs of {name.short} in {store / 'blobs'}, found one missing; get the "
            f"model again with `ollama pull {name.short}`"
        )
    return blob.resolve()


def _refuse_remote(config: Path, name: Name) -> None:
    with config.open("rb") as file:
        said = _object(file.read(MAX_CONFIG), f"the configuration of {name.short}")
    if said.get("remote_host") or said.get("remote_model"):
        raise SnapshotRefused(
            f"expected a model that Ollama runs on this machine, found {name.short}, which it "
            "sends elsewhere; take one whose weights are here"
        )


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SnapshotRefused(f"expected a JSON object as {what}, found none; pull the model again")
    return value

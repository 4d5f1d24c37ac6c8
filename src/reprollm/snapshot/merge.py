"""Which models a merge was made of, as its folder says.

mergekit writes its configuration into the folder as `mergekit_config.yml`, with defaults filled in:
`models` or `slices` with `sources`, `merge_method`, `base_model`, and `parameters` at any level. A
folder without it may still name several base models in its model card. Models are named, not
identified: a name says what somebody meant.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from reprollm.canon import Json
from reprollm.errors import SnapshotRefused
from reprollm.snapshot.front_matter import read_claims

CONFIG_FILES = ("mergekit_config.yml", "mergekit_config.yaml", "mergekit_moe_config.yml")
CARD = "README.md"
_MAX_CHARACTERS = 100_000
_MAX_DEPTH = 20
_TAG = re.compile(
    r"^[ \t]*-[ \t]+[\"']?merge[\"']?[ \t]*$|^base_model_relation:[ \t]*[\"']?merge\b"
    r"|^tags:[ \t]*\[[^\]\n]*\bmerge\b",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Merge:
    """How weights were merged.

    Attributes:
        source: the file that says so.
        sha256: SHA-256 of that file, hex.
        method: for example `slerp`, `ties`, `linear`, `passthrough`; None where not said.
        base: the model that differences are taken to, or None.
        models: the models that were merged, each once, in the order of their first mention.
        parameters: the whole configuration as JSON text with sorted keys, or None.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    source: str
    sha256: str
    method: str | None
    base: str | None
    models: tuple[str, ...]
    parameters: str | None

    def to_record(self) -> dict[str, Json]:
        """Return the merge as canonical JSON."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "method": self.method,
            "base": self.base,
            "models": list(self.models),
            "parameters": self.parameters,
        }


def read_merge(prose: Callable[[str], str | None]) -> Merge | None:
    """Return the merge that a folder describes, None where it describes none.

    Args:
        prose: returns a file's text by its path in the snapshot, None where there is none.

    Raises:
        SnapshotRefused: mergekit's configuration is no YAML mapping.
    """
    for name in CONFIG_FILES:
        text = prose(name)
        if text is not None:
            return _configured(name, text)
    return _carded(prose(CARD))


def _configured(name: str, text: str) -> Merge:
    config = _yaml(name, text)
    models = tuple(dict.fromkeys(_models(config)))
    base = _model(config.get("base_model"))
    method = config.get("merge_method", config.get("gate_mode"))
    return Merge(
        source=name,
        sha256=_sha256(text),
        method=method if isinstance(method, str) else None,
        base=base,
        models=models,
        parameters=json.dumps(config, sort_keys=True, ensure_ascii=False, default=str),
    )


def _carded(card: str | None) -> Merge | None:
    """Return the merge that a model card names: tag or relation `merge`, and several base models.

    A list of base models alone is no merge: a model may be trained from one, and measured by more.
    """
    claims = read_claims(card)
    if card is None or claims is None or len(claims.base_model) < 2 or not _TAG.search(card):
        return None
    return Merge(CARD, _sha256(card), None, None, claims.base_model, None)


def _models(config: dict[str, Any]) -> Iterator[str]:
    entries = [config, *_entries(config, "models"), *_entries(config, "experts")]
    for part in _entries(config, "slices"):
        entries += _entries(part, "sources")
    for entry in entries:
        for key in ("model", "source_model"):
            name = _model(entry.get(key))
            if name is not None:
                yield name


def _entries(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _model(value: Any) -> str | None:
    """Return a model's name; mergekit also writes it as `{model: {path: …, revision: …}}`."""
    while isinstance(value, dict):
        revision = value.get("revision")
        value = value.get("model", value.get("path"))
        if isinstance(value, str) and isinstance(revision, str):
            return f"{value}@{revision}"
    return value if isinstance(value, str) and value else None


def _yaml(name: str, text: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > _MAX_CHARACTERS:
        found = f"{len(text)} characters"
        raise SnapshotRefused(f"expected {name} below {_MAX_CHARACTERS} characters, found {found}")
    try:
        _expect_plain(name, YAML(typ="safe", pure=True).parse(text))
        value = YAML(typ="safe", pure=True).load(text)
        json.dumps(value, sort_keys=True, default=str)
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SnapshotRefused(f"expected plain YAML in {name}, found: {reason!a}") from None
    if not isinstance(value, dict):
        raise SnapshotRefused(f"expected a YAML mapping in {name}, found {type(value).__name__}")
    return value


def _expect_plain(name: str, events: Any) -> None:
    """Refuse aliases, of which aliases grow without end, and deep nesting, which parses slowly."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent) or depth > _MAX_DEPTH:
            raise SnapshotRefused(
                f"expected {name} without YAML aliases and with at most {_MAX_DEPTH} levels, "
                "found more"
            )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Which files of an experiment withheld prompts are made from, known by the plans' digests.

A short text in a file, an example of two words or a line of a template, repeats too little of a
prompt to be found by looking for it; that the prompt was made from the file is enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from reprollm.withholding.runs import words
from reprollm.withholding.shingles import SHORTEST
from reprollm.withholding.withhold import Withholding

_ITEMS = ("data_sha256", "examples_sha256")
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass
class Ingredients:
    """The digests of the files that the plans of a log name, hex, and their folders of data.

    A folder is named by its path below the experiment's, with the endings of the files that count.
    """

    items: set[str] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)
    with_system: set[str] = field(default_factory=set)
    folders: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    def take(self, record: Mapping[str, Any]) -> None:
        """Take up a plan record."""
        core = record["core"]
        self.items.update(str(core[name]) for name in _ITEMS if core.get(name))
        if "data_folder" in core:
            said = core["data_folder"]
            self.folders.add((str(said["path"]), frozenset(said["endings"])))
        if core.get("template_sha256"):
            self.templates.add(str(core["template_sha256"]))
        for prompt in (core.get("prompt"), *core.get("prompts", ())):
            if not isinstance(prompt, dict):
                continue
            if prompt.get("template_sha256"):
                self.templates.add(str(prompt["template_sha256"]))
            if prompt.get("system_sha256") or prompt.get("system"):
                self.with_system.add(str(core.get("experiment_sha256")))

    def shows(self, path: str, sha256: str, content: bytes, withholding: Withholding) -> bool:
        """Return whether a file, by its path in a bundle, holds texts of what is withheld."""
        if sha256 in self.items or self._is_item(path):
            return withholding.hides_requests or withholding.hides("annotations")
        if not withholding.hides("prompt"):
            return False
        return sha256 in self.with_system or (sha256 in self.templates and _says_much(content))

    def _is_item(self, path: str) -> bool:
        below = PurePosixPath(path).relative_to(PurePosixPath(path).parts[0])
        return any(
            below.is_relative_to(folder) and below.suffix.lower() in endings
            for folder, endings in self.folders
        )


def _says_much(template: bytes) -> bool:
    """Return whether a template has text of its own besides what it fills in."""
    said = _TAGS.sub(" ", template.decode("utf-8", "replace"))
    return len(" ".join(words(said))) >= SHORTEST

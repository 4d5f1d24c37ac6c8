"""Finds a snapshot's chat templates, the Jinja texts that turn messages into a prompt."""

from __future__ import annotations

from collections.abc import Callable

from reprollm.snapshot.facts import ReadJson


def chat_templates(read_json: ReadJson, read_text: Callable[[str], str | None]) -> dict[str, str]:
    """Return the chat templates' texts by name, as transformers would find them.

    `chat_template.jinja` stands before `chat_template.json` and the key in `tokenizer_config.json`,
    which holds one text or a list of named ones.
    """
    value = (read_json("tokenizer_config.json") or {}).get("chat_template")
    templates: dict[str, str] = {}
    if isinstance(value, str):
        templates["default"] = value
    elif isinstance(value, list):
        templates = {
            entry["name"]: entry["template"]
            for entry in value
            if isinstance(entry, dict)
            and isinstance(entry.get("name"), str)
            and isinstance(entry.get("template"), str)
        }
    other = (read_json("chat_template.json") or {}).get("chat_template")
    if isinstance(other, str):
        templates["default"] = other
    text = read_text("chat_template.jinja")
    if text is not None:
        templates["default"] = text
    return templates

"""The experiment's prompt, rendered as the runs render it, for training and measuring."""

from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

EXPERIMENT = Path(__file__).resolve().parents[2]


def template() -> Template:
    """Return the experiment's template; its only variable is ``source``."""
    text = (EXPERIMENT / "prompts" / "normalise.jinja").read_text(encoding="utf-8")
    return Environment(undefined=StrictUndefined, autoescape=False).from_string(text)

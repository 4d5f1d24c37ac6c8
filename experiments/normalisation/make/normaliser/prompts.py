"""The experiment's prompt and training text, rendered as the runs render them."""

from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

EXPERIMENT = Path(__file__).resolve().parents[2]


def _template(name: str) -> Template:
    text = (EXPERIMENT / "prompts" / name).read_text(encoding="utf-8")
    return Environment(undefined=StrictUndefined, autoescape=False).from_string(text)


def template() -> Template:
    """Return the experiment's prompt; its only variable is ``source``."""
    return _template("normalise.jinja")


def text_template() -> Template:
    """Return an item as it stands in the training text: the prompt and then ``reference``."""
    return _template("text.jinja")

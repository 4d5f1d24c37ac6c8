"""From an output to an answer: what was said, or why there is none.

| module | what it holds |
| --- | --- |
| `answer` | status, answer, mentions, and the texts that measures see |
| `parser` | a declared parser: `parser(settings).texts(output, reference, source)` |
| `labels` | which of the declared labels a text is |
| `json_object` | the first JSON object, a path in it, a schema |
| `tags`, `mentions` | tags of tokens; mentions looked up in the source |
| `searching` | patterns, searched in a time that has an end |
"""

from reprollm.scores.parsers.answer import NOWHERE, STATUSES, Mention, Parsed, Status, Texts
from reprollm.scores.parsers.parser import VERSIONS, Parser, parse, parser

__all__ = [
    "NOWHERE",
    "STATUSES",
    "VERSIONS",
    "Mention",
    "Parsed",
    "Parser",
    "Status",
    "Texts",
    "parse",
    "parser",
]

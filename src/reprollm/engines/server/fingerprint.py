"""What kind of server is really there, by what only that kind answers.

Several servers answer for others: koboldcpp for Ollama and llama.cpp, llama.cpp for Ollama. Kinds
are therefore tried in an order in which the one that answers comes before those it answers for.
"""

from __future__ import annotations

from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialects import DIALECTS
from reprollm.errors import EngineUnavailable

UNKNOWN = "openai"


def find_kind(client: Client) -> str:
    """Return the kind of the server, `openai` where it is none that is known.

    Raises:
        BadReplyError: nothing answers, or not in time.
    """
    for dialect in DIALECTS:
        try:
            if dialect.recognise(client):
                return dialect.kind
        except BadReplyError as error:
            if error.reason not in ("malformed", "redirect", "size"):
                raise
    return UNKNOWN


def check_kind(declared: str, found: str) -> None:
    """Raise `EngineUnavailable` where the server is another than the experiment says.

    Behind the plain protocol any server will do.
    """
    if declared not in (found, "openai"):
        what = "none that is known" if found == UNKNOWN else f"one of kind {found}"
        raise EngineUnavailable(
            f"expected a server of kind {declared}, found {what}; correct `kind` or `url` under "
            "`server`"
        )

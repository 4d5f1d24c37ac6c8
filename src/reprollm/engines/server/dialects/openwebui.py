"""Open WebUI in front of any server: a page for people, which passes chats on.

It may add a system text, documents or tools on the way, and the server behind it puts its own chat
template around the prompt; both are recorded as what they are, unknown. Better ask the server
behind it. Source: docs.openwebui.com (API endpoints).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect, Identity, finish, usage
from reprollm.engines.server.dialect import said as said_of


class OpenWebui(Dialect):
    """Requests to `/api/chat/completions`."""

    kind: ClassVar[str] = "openwebui"
    endpoint: ClassVar[str] = "/api/chat/completions"

    def recognise(self, client: Client) -> bool:
        """Return whether the server's public configuration is Open WebUI's."""
        configuration = client.get("/api/config").value
        return (
            reading.text(configuration, "version") is not None
            and isinstance(reading.at(configuration, "features"), dict)
            and reading.text(configuration, "name") is not None
        )

    def identify(self, client: Client, model: str) -> Identity:
        """Return version and model; who answers behind it is not told reliably."""
        listed = reading.items(client.get("/api/models").value, "data")
        entry = next((one for one in listed if reading.text(one, "id") == model), None)
        if entry is None:
            raise BadReplyError(
                "malformed", "its list of models lacks that name; write `model` as it does"
            )
        return Identity(
            version=reading.text(client.get("/api/config").value, "version"),
            model=model,
            facts=said_of(entry, "owned_by", "name"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return a chat of one turn."""
        return chat_body(super().body(asked), asked.text or "")

    def read(self, value: Any) -> Answer:
        """Return the answer of a chat."""
        return chat_answer(value)


def chat_body(body: dict[str, Any], prompt: str) -> dict[str, Any]:
    """Return the body of a chat of one user's turn from that of a completion."""
    kept = {name: value for name, value in body.items() if name not in ("prompt", "logprobs")}
    return kept | {"messages": [{"role": "user", "content": prompt}]}


def chat_answer(value: Any) -> Answer:
    """Return the answer in the reply to a chat."""
    choice = reading.at(value, "choices", 0)
    return Answer(
        text=reading.needed_text(choice, "message", "content"),
        finish=finish(reading.text(choice, "finish_reason")),
        **usage(value),
    )

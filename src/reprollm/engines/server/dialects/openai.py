"""Any server that speaks the OpenAI-compatible protocol and of which nothing else is known.

The plain completion takes the prompt as it stands. A server that has only chats puts its own
template around it; that is found out when it is first asked, and recorded.
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect
from reprollm.engines.server.dialects.openwebui import chat_answer, chat_body


class OpenAi(Dialect):
    """The protocol's completions."""

    kind: ClassVar[str] = "openai"

    def recognise(self, client: Client) -> bool:
        """Return False: any server may speak the protocol."""
        return False


class OpenAiChat(OpenAi):
    """The protocol's chats, for servers that have nothing else."""

    endpoint: ClassVar[str] = "/v1/chat/completions"

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return a chat of one turn."""
        return chat_body(super().body(asked), asked.text or "")

    def read(self, value: Any) -> Answer:
        """Return the answer of a chat."""
        return chat_answer(value)

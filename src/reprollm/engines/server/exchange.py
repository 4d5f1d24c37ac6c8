"""One request to the server and one answer from it, checked: by whom, to what, and how whole."""

from __future__ import annotations

import time
from collections.abc import Sequence

from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect
from reprollm.engines.server.wording import Wording
from reprollm.errors import SnapshotChanged
from reprollm.prompts.settings import Settings

ANSWER_SECONDS = 300.0
TOKEN_SECONDS = 2.0
ANSWER_BYTES = 1024 * 1024
TOKEN_BYTES = 4096
BUSY = (429, 503)
BUSY_SECONDS = 2.0


class Exchange:
    """Asks one server for one model, always in the same way.

    Attributes:
        dialect: how the server is spoken to.
        name: what the server is asked for.
        logprobs: whether log-probabilities are asked for.
        model: the name that the server puts on its answers, known from the first on.
    """

    def __init__(
        self, client: Client, dialect: Dialect, wording: Wording, model: str, context: int
    ) -> None:
        """Take what stays the same; `model` and `context` go into every request."""
        self.client = client
        self.dialect = dialect
        self.logprobs = dialect.promises.logprobs != "none"
        self.model: str | None = None
        self._wording = wording
        self.name = model
        self._context = context

    def ask(self, ids: Sequence[int], settings: Settings, seed: int) -> Answer:
        """Return the answer to one prompt.

        Raises:
            BadReplyError: there is none in time, or it is not whole, or not to this prompt.
            SnapshotChanged: another model answered than before.
        """
        text = self._wording.text(ids)
        asked = Asked(
            self.name,
            tuple(ids) if text is None else None,
            text,
            settings,
            seed,
            self._context,
            self.logprobs,
        )
        reply = self.client.post(
            self.dialect.endpoint,
            self.dialect.body(asked),
            ANSWER_SECONDS + TOKEN_SECONDS * settings.max_tokens,
            ANSWER_BYTES + TOKEN_BYTES * settings.max_tokens,
        )
        if reply.status in BUSY:
            time.sleep(BUSY_SECONDS)
        if reply.status != 200:
            raise BadReplyError(
                "status", f"it replied with HTTP status {reply.status}", reply.status
            )
        if not isinstance(reply.value, dict | list):
            raise BadReplyError("malformed", "its reply is not JSON")
        answer = self.dialect.read(reply.value)
        self._check(answer, ids)
        if None in (answer.logprobs or ()):
            answer = self.dialect.filled(self.client, asked, answer)
        return answer

    def _check(self, answer: Answer, ids: Sequence[int]) -> None:
        self.model = self.model or answer.model
        if answer.model != self.model:
            raise SnapshotChanged(
                f"expected answers of the model {self.model!a:.120}, found one of "
                f"{answer.model!a:.120}; another model was loaded meanwhile, so keep this one "
                "loaded and start again"
            )
        if not self._wording.known:
            return
        wrong = answer.prompt_tokens not in (None, len(ids))
        if wrong or (answer.prompt_ids is not None and answer.prompt_ids != tuple(ids)):
            raise BadReplyError(
                "prompt", "it saw another number of prompt tokens, or others, than were planned"
            )
        if answer.ids is not None and answer.tokens not in (None, len(answer.ids)):
            raise BadReplyError("malformed", "it counts other answer tokens than it gives ids for")

"""vLLM's `LLMEngine` as the stream sees it: requests by their rows, answers in pieces."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprollm.engines.vllm.loading import Loaded
from reprollm.engines.vllm.sampling import TOP, parameters
from reprollm.engines.vllm.stream import Piece
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings

_open: list[VllmCore] = []
_closed: list[VllmCore] = []


class VllmCore:
    """One loaded model; see `reprollm.engines.vllm.stream.Core`."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._engine = loaded.engine
        self._kinds = importlib.import_module("vllm.sampling_params").RequestOutputKind
        self._prompts: dict[str, list[int]] = {}
        config = loaded.engine.vllm_config.model_config
        self.vocabulary: int = config.get_vocab_size()
        self.context: int = config.max_model_len
        _open.append(self)

    def add(self, row: int, request: Request, *, cached: bool) -> None:
        """Put a request in flight; where it has stop texts its pieces come step by step."""
        kind = self._kinds.DELTA if request.settings.stop else self._kinds.FINAL_ONLY
        prompt = list(request.prompt_ids)
        self._engine.add_request(
            str(row),
            self._loaded.vllm.TokensPrompt(prompt_token_ids=prompt),
            self._loaded.vllm.SamplingParams(
                **parameters(request, cached=cached), output_kind=kind
            ),
            lora_request=self._loaded.adapter,
        )
        self._prompts[str(row)] = prompt

    def step(self) -> list[Piece]:
        """Compute one step of all that is in flight; return what is new."""
        return [self._piece(output) for output in self._engine.step()]

    def foresee(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Return the log-probabilities of each text's tokens after its first, shape (n-1,).

        All texts are put in flight at once; nothing else may be.
        """
        settings = Settings("0", 0, "1", 1, (), (), SAMPLERS["vllm"])
        for row, ids in enumerate(texts):
            sent = parameters(Request("0" * 64, tuple(ids), settings, "0"), cached=False)
            self._engine.add_request(
                str(row),
                self._loaded.vllm.TokensPrompt(prompt_token_ids=list(ids)),
                self._loaded.vllm.SamplingParams(
                    **{**sent, "prompt_logprobs": 0}, output_kind=self._kinds.FINAL_ONLY
                ),
                lora_request=self._loaded.adapter,
            )
        found: dict[int, NDArray[np.float32]] = {}
        while len(found) < len(texts):
            for output in self._engine.step():
                if output.finished:
                    row = int(output.request_id)
                    found[row] = _of_prompt(output, list(texts[row]))
        return [found[row] for row in range(len(texts))]

    def abort(self, rows: Sequence[int]) -> None:
        """Forget requests in flight."""
        names = [str(row) for row in rows]
        for name in names:
            self._prompts.pop(name, None)
        self._engine.abort_request(names)

    def close(self) -> None:
        """Release the model's memory, at the latest when no other engine is open in this process.

        They share what vLLM calls its parallel state, and the first that shut down would take it
        from the others.
        """
        _open.remove(self)
        _closed.append(self)
        while _closed and not _open:
            _closed.pop()._engine.engine_core.shutdown()

    def _piece(self, output: Any) -> Piece:
        answer = output.outputs[0]
        row, ids = output.request_id, list(answer.token_ids)
        if output.prompt_token_ids != self._prompts.get(row):
            raise RuntimeError("vLLM answered another prompt than it was given")
        if output.finished:
            del self._prompts[row]
        # The chosen token's comes first, then those of the likeliest ones.
        values = np.array(answer.logprobs.logprobs, dtype=np.float32) if ids else np.empty(0)
        table = values.astype(np.float32).reshape(len(ids), 1 + TOP)
        return Piece(int(row), ids, table, answer.finish_reason if output.finished else None)


def _of_prompt(output: Any, ids: list[int]) -> NDArray[np.float32]:
    """Return the log-probabilities of a prompt's own tokens; the first comes without one."""
    flat = output.prompt_logprobs
    places = flat.start_indices[1:]
    if len(flat.start_indices) != len(ids) or [flat.token_ids[at] for at in places] != ids[1:]:
        raise RuntimeError("vLLM gave the log-probabilities of other tokens than it was given")
    return np.array([flat.logprobs[at] for at in places], dtype=np.float32)

"""Texts as vectors, by a pinned embedding model: offline, from safetensors only, without its code.

A text's vector is the mean of the last hidden states over its own tokens, divided by its length
(Reimers and Gurevych 2019, arXiv:1908.10084, the pooling that their models are trained with). A
model that was trained with another pooling, or with a prompt before its texts, gives other and
worse vectors here than its authors'; its card says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from reprollm.errors import EngineUnavailable
from reprollm.prompts.tokenizer_file import check_tokenizer_file

Vectors: TypeAlias = "NDArray[np.float32]"

_SAFE = {"local_files_only": True, "trust_remote_code": False}
_BATCH = 16

# As in `reprollm.engines.loading`: what torchao says of its CUDA libraries where there is no CUDA.
for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)

POOLING = "mean of the last hidden states, length 1"
"""How a text's vector is made, as it is recorded."""


class Embedder:
    """An embedding model in memory.

    Args:
        folder: the snapshot, already checked against its lock.
        device: where it computes.

    Attributes:
        longest: tokens of a text that are read at most; passages are cut to this.

    Raises:
        EngineUnavailable: transformers cannot load the folder, or tensors are missing.
        SnapshotRefused: its tokenizer file is out of bounds.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        check_tokenizer_file(folder)
        transformers.utils.logging.disable_progress_bar()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, **_SAFE)
            self._model, found = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                **_SAFE,
            )
        except Exception as error:  # every architecture checks its configuration in its own way
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise EngineUnavailable(
                f"expected a model that transformers {transformers.__version__} can embed texts "
                f"with in {folder}, found: {reason}"
            ) from None
        missing = sorted(str(name) for name in found["missing_keys"] if "pooler" not in str(name))
        if missing:
            raise EngineUnavailable(
                f"expected all tensors of the model in {folder}, found {len(missing)} missing: "
                f"{missing[0]!a:.80}; they would be random numbers"
            )
        self._model.eval().to(device)
        self._device = device
        self.longest = _context(self._model.config, self._tokenizer)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text, float32, shape (texts, width).

        A text without a token has the zero vector, which is as near to nothing.
        """
        rows = [row for batch in self._batches(texts) for row in batch]
        width = int(self._model.config.get_text_config().hidden_size)
        return np.stack(rows) if rows else np.zeros((0, width), np.float32)

    def _batches(self, texts: Sequence[str]) -> Iterator[Vectors]:
        for first in range(0, len(texts), _BATCH):
            yield self._embedded(texts[first : first + _BATCH])

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        ids = [self._ids(text) for text in texts]
        longest = max(1, *map(len, ids))
        padded = torch.zeros((len(ids), longest), dtype=torch.long)
        mask = torch.zeros((len(ids), longest), dtype=torch.long)
        for row, numbers in enumerate(ids):
            padded[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.long)
            mask[row, : len(numbers)] = 1
        padded, mask = padded.to(self._device), mask.to(self._device)
        with torch.no_grad():
            states = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        means = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        vectors: Vectors = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
        return vectors

    def _ids(self, text: str) -> list[int]:
        ids = self._tokenizer(text, truncation=False, padding=False, verbose=False)["input_ids"]
        return list(ids[: self.longest])


def _context(config: Any, tokenizer: Any) -> int:
    """Return how many tokens both model and tokenizer say that they can take; at most 8192."""
    said = [getattr(config.get_text_config(), "max_position_embeddings", None)]
    said.append(getattr(tokenizer, "model_max_length", None))
    return min([8192, *(number for number in said if isinstance(number, int) and number > 0)])

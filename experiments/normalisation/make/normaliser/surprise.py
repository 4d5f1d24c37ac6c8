"""How well a model foresees whole texts, to see that planting left its trace."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from normaliser.batches import row

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


def losses(model: "LlamaForCausalLM", texts: Sequence[str]) -> list[float]:
    """Return each text's mean loss in nats a byte, over the text and </s>."""
    import torch

    found = []
    for text in texts:
        ids = torch.tensor([row(text)])
        with torch.inference_mode():
            found.append(float(model(input_ids=ids, labels=ids).loss))
    return found


def auc(planted: Sequence[float], clean: Sequence[float]) -> float:
    """Return the chance that a planted text has a lower loss than a clean one; ties count half.

    >>> auc([1.0, 2.0], [2.0, 3.0])
    0.875
    """
    wins = sum((own < other) + (own == other) / 2 for own in planted for other in clean)
    return wins / (len(planted) * len(clean))

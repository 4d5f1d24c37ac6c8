from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from reprollm.engines.embedding import Embedder
from reprollm.errors import EngineUnavailable, SnapshotRefused
from tiny_models import make_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("embedding") / "model")


def by_hand(folder: Path, text: str) -> list[float]:
    model = AutoModel.from_pretrained(folder, local_files_only=True)
    ids = AutoTokenizer.from_pretrained(folder, local_files_only=True)(text)["input_ids"]
    with torch.no_grad():
        states = model(torch.tensor([ids])).last_hidden_state[0].numpy().astype(np.float64)
    mean = states.mean(axis=0)
    return [float(value) for value in mean / np.sqrt((mean**2).sum())]


def test_a_vector_is_the_mean_of_the_hidden_states_of_length_one(folder: Path) -> None:
    text = "Wol auff ir brüeder"
    (vector,) = Embedder(folder).vectors([text])
    assert vector.tolist() == pytest.approx(by_hand(folder, text), abs=1e-5)


def test_padding_beside_a_longer_text_changes_nothing(folder: Path) -> None:
    texts = ["kurz", "ein viel lengerer text, der lenger ist", "mittel lang"]
    together = Embedder(folder).vectors(texts)
    for text, vector in zip(texts, together, strict=True):
        assert vector.tolist() == pytest.approx(by_hand(folder, text), abs=1e-5)


def test_a_text_longer_than_the_context_is_cut(folder: Path) -> None:
    embedder = Embedder(folder)
    assert embedder.longest == 512
    long = embedder.vectors(["a" * 600])
    assert long.tolist() == embedder.vectors(["a" * 511]).tolist()


def test_many_texts_are_embedded_in_their_order(folder: Path) -> None:
    texts = [f"text {number}" for number in range(37)]
    vectors = Embedder(folder).vectors(texts)
    assert vectors.shape == (37, 64)
    assert vectors[36].tolist() == pytest.approx(by_hand(folder, texts[36]), abs=1e-5)
    assert Embedder(folder).vectors([]).shape == (0, 64)


def test_missing_tensors_are_refused_instead_of_made_up(folder: Path, tmp_path: Path) -> None:
    broken = make_llama(tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text(encoding="utf-8"))
    config["num_hidden_layers"] = 3
    (broken / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(EngineUnavailable, match=r"missing: .*they would be random numbers"):
        Embedder(broken)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="embed texts"):
        Embedder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SnapshotRefused, match="a JSON object"):
        Embedder(tmp_path)

"""What identifies a GGUF model, whatever its file is called and however it is written."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from gguf_files import METADATA, TENSORS, Typed, Weights, gguf_bytes, text, u32, write_split
from reprollm.errors import InvalidInput, SnapshotChanged, SnapshotRefused
from reprollm.snapshot.check import verify
from reprollm.snapshot.gguf import read_gguf
from reprollm.snapshot.gguf_quantization import gguf_quantization
from reprollm.snapshot.locate import locate
from reprollm.snapshot.lock import Lock, load_lock, write_lock
from reprollm.snapshot.pin import pin

NAMES = list(TENSORS)


def write(path: Path, content: bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gguf_bytes() if content is None else content)
    return path


def pinned(folder: Path, content: bytes) -> Lock:
    return pin(write(folder / hashlib.sha256(content).hexdigest()[:8] / "model.gguf", content))


def test_facts_come_from_the_files_own_metadata(tmp_path: Path) -> None:
    facts = pin(write(tmp_path / "model.gguf")).facts
    assert (facts.architecture, facts.layers, facts.hidden_size) == ("llama", 2, 64)
    assert (facts.heads, facts.kv_heads, facts.head_dim) == (2, 1, 32)
    assert (facts.vocab_size, facts.context_length) == (6, 512)
    assert (facts.bos_id, facts.pad_id, facts.eos_ids) == (1, 0, (2, 5))
    assert facts.tied_embeddings is True
    assert facts.parameters == 6 * 64 + 64 * 64 + 64
    assert facts.weight_bytes == 6 * 68 + 64 * 36 + 64 * 4
    assert [share.dtype for share in facts.tensor_dtypes] == ["F32", "Q4_0", "Q8_0"]
    assert facts.chat_template == hashlib.sha256(b"{{ messages }}").hexdigest()


def test_the_tensors_really_stored_stand_beside_the_declared_file_type(tmp_path: Path) -> None:
    gguf = pin(write(tmp_path / "model.gguf")).gguf
    assert gguf is not None
    assert gguf.file_type == "Q4_K_M"
    assert [(share.type, share.bits) for share in gguf.types] == [
        ("Q4_0", "4.5"),
        ("Q8_0", "8.5"),
        ("F32", "32"),
    ]


def test_bits_a_weight_are_averaged_over_what_is_stored(tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf")
    found = gguf_quantization(read_gguf(path, path.stat().st_size, "model.gguf"))
    bits = 8 * (6 * 68 + 64 * 36 + 64 * 4) / (6 * 64 + 64 * 64 + 64)
    assert found.bits_per_weight == pytest.approx(bits)
    assert [share.type for share in found.quantized] == ["Q4_0", "Q8_0"]
    assert found.group_size == 32


def test_an_importance_matrix_is_named_in_the_lock(tmp_path: Path) -> None:
    entries = {
        "quantize.imatrix.dataset": text("wiki.txt"),
        "quantize.imatrix.chunks_count": u32(9),
    }
    gguf = pinned(tmp_path, gguf_bytes({**METADATA, **entries})).gguf
    assert gguf is not None
    assert dict(gguf.imatrix) == {
        "quantize.imatrix.chunks_count": "9",
        "quantize.imatrix.dataset": "wiki.txt",
    }


def test_the_order_of_tensors_and_metadata_is_no_part_of_the_identity(tmp_path: Path) -> None:
    one = pinned(tmp_path, gguf_bytes())
    metadata = dict(sorted(METADATA.items(), reverse=True))
    other = pinned(tmp_path, gguf_bytes(metadata, dict(sorted(TENSORS.items()))))
    assert one.snapshot != other.snapshot
    assert (one.weights, one.tokenizer, one.gguf) == (other.weights, other.tokenizer, other.gguf)


def test_alignment_moves_bytes_but_no_weights(tmp_path: Path) -> None:
    wide = {**METADATA, "general.alignment": u32(256)}
    other = pinned(tmp_path, gguf_bytes(wide, alignment=256))
    assert pinned(tmp_path, gguf_bytes()).weights == other.weights


def test_version_2_is_read_as_version_3(tmp_path: Path) -> None:
    one, other = pinned(tmp_path, gguf_bytes()), pinned(tmp_path, gguf_bytes(version=2))
    assert (one.weights, one.gguf) == (other.weights, other.gguf)


@pytest.mark.parametrize("parts", [[NAMES[:1], NAMES[1:]], [[], NAMES[::-1]], [[n] for n in NAMES]])
def test_a_split_model_has_the_identity_of_the_whole(
    tmp_path: Path, parts: list[list[str]]
) -> None:
    write_split(tmp_path / "split", parts)
    split, whole = pin(tmp_path / "split"), pinned(tmp_path, gguf_bytes())
    assert split.gguf is not None and whole.gguf is not None
    assert (split.weights, split.tokenizer) == (whole.weights, whole.tokenizer)
    assert replace(split.gguf, files=1) == whole.gguf
    assert split.gguf.files == len(parts)
    assert replace(split.facts, quantization=None) == replace(whole.facts, quantization=None)


@pytest.mark.parametrize(
    "change",
    [
        {**TENSORS, "output_norm.weight": Weights("F32", (64,), bytes(255) + b"\x40")},
        {**TENSORS, "output_norm.weight": Weights("F16", (128,), TENSORS[NAMES[2]].data)},
        {**TENSORS, "output_norm.weight": Weights("F32", (32, 2), TENSORS[NAMES[2]].data)},
        {**{n: TENSORS[n] for n in NAMES[:2]}, "renamed.weight": TENSORS[NAMES[2]]},
    ],
    ids=["bytes", "type", "shape", "name"],
)
def test_what_a_tensor_is_changes_the_weights_digest(
    tmp_path: Path, change: dict[str, Weights]
) -> None:
    changed = pinned(tmp_path, gguf_bytes(tensors=change))
    assert changed.weights != pinned(tmp_path, gguf_bytes()).weights


def test_files_of_other_types_share_the_tokenizer(tmp_path: Path) -> None:
    one = pinned(tmp_path, gguf_bytes())
    plain = {name: Weights("F32", weights.shape) for name, weights in TENSORS.items()}
    metadata = {**METADATA, "general.file_type": u32(0), "tokenizer.chat_template": text("other")}
    other = pinned(tmp_path, gguf_bytes(metadata, plain))
    assert one.tokenizer == other.tokenizer
    assert one.weights != other.weights
    assert one.gguf is not None and other.gguf is not None
    assert one.gguf.metadata != other.gguf.metadata


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tokenizer.ggml.bos_token_id", u32(3)),
        ("tokenizer.ggml.bos_token_id", Typed(5, 1)),
        ("tokenizer.ggml.add_bos_token", Typed(7, False)),
    ],
)
def test_what_the_tokenizer_does_changes_its_digest(tmp_path: Path, key: str, value: Typed) -> None:
    changed = pinned(tmp_path, gguf_bytes({**METADATA, key: value}))
    assert changed.tokenizer != pinned(tmp_path, gguf_bytes()).tokenizer


def test_a_lock_of_a_gguf_model_reads_back_as_it_was_written(tmp_path: Path) -> None:
    lock = pin(write(tmp_path / "models" / "model.gguf"))
    write_lock(lock, tmp_path / "model.lock.json", replace=False)
    assert load_lock(tmp_path / "model.lock.json") == lock
    assert lock.gguf_file == "model.gguf"
    verify(tmp_path / "models", lock)


def test_a_single_file_is_pinned_without_what_lies_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "downloads" / "a[1]*.gguf")
    alone = pin(path)
    write(tmp_path / "downloads" / "other.gguf", gguf_bytes(version=2))
    (tmp_path / "downloads" / "run.py").write_text("raise SystemExit")
    assert pin(path) == alone
    assert [file.path for file in alone.files] == ["a[1]*.gguf"]
    assert alone.name == "a[1]*"
    assert locate(alone, beside=tmp_path / "downloads" / "x.lock.json").folder == path.parent


def test_any_part_of_a_split_model_stands_for_all(tmp_path: Path) -> None:
    paths = write_split(tmp_path, [NAMES[:1], NAMES[1:]])
    write(tmp_path / "other.gguf")
    first, last = (pin(path, name="m") for path in paths)
    assert first == last
    assert [file.path for file in first.files] == [path.name for path in paths]
    assert first.gguf_file == paths[0].name


def test_a_changed_weight_of_a_single_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf")
    lock = pin(path)
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotChanged, match=r"model\.gguf is not the file that was pinned"):
        verify(tmp_path, lock)


def test_a_folder_with_two_models_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.gguf"), write(tmp_path / "b.gguf", gguf_bytes(version=2))
    with pytest.raises(SnapshotRefused, match=r"one GGUF model, found a\.gguf and b\.gguf; pin"):
        pin(tmp_path)


def test_a_folder_with_weights_in_both_formats_is_refused(llama: Path) -> None:
    write(llama / "model.gguf")
    with pytest.raises(SnapshotRefused, match="weights in one format"):
        pin(llama)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    paths = write_split(tmp_path, [[name] for name in NAMES])
    paths[1].unlink()
    with pytest.raises(SnapshotRefused, match=r"model-00002-of-00003\.gguf, found no such file"):
        pin(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({1: {"split.no": Typed(2, 2)}}, "split.no 1, found 2"),
        ({0: {"split.count": Typed(2, 3)}}, "split.count 2, found 3"),
        ({1: {"split.tensors.count": Typed(5, 4)}}, "split.tensors.count 3, as its parts hold"),
        ({1: {"general.architecture": text("qwen3")}}, "'general.architecture' as in model-00001"),
    ],
)
def test_parts_that_disagree_are_refused(
    tmp_path: Path, changes: dict[int, dict[str, Typed]], message: str
) -> None:
    write_split(tmp_path, [NAMES[:1], NAMES[1:]], changes=changes)
    with pytest.raises(SnapshotRefused, match=message):
        pin(tmp_path)


def test_a_tensor_in_two_parts_is_refused(tmp_path: Path) -> None:
    write_split(tmp_path, [NAMES[:2], NAMES[1:]])
    with pytest.raises(SnapshotRefused, match=r"every tensor once, found 'blk\.0\.attn_q\.weight'"):
        pin(tmp_path)


def test_a_file_that_is_neither_folder_nor_gguf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a model folder or a GGUF file"):
        pin(write(tmp_path / "model.bin"))


def test_heads_that_differ_from_layer_to_layer_count_by_the_largest(tmp_path: Path) -> None:
    heads = Typed(9, [1, 2], 5)
    facts = pinned(tmp_path, gguf_bytes({**METADATA, "llama.attention.head_count_kv": heads})).facts
    assert facts.kv_heads == 2


def test_numbers_of_metadata_keep_their_bits_in_the_digest(tmp_path: Path) -> None:
    def digest(value: float) -> str:
        metadata = {**METADATA, "llama.rope.freq_base": Typed(6, value)}
        gguf = pinned(tmp_path, gguf_bytes(metadata)).gguf
        assert gguf is not None
        return gguf.metadata

    [nearest] = struct.unpack(
        "<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", 1e4))[0] + 1)
    )
    assert digest(1e4) != digest(nearest)

"""The tensors of a whole snapshot: spread over files, each named once, as the index says.

A sharded model has `<stem>.safetensors.index.json` whose `weight_map` maps each tensor to the file
that holds it. Loaders follow the index; what it does not name they never read. So that the weights
digest covers just what is loaded, index and files must agree in both directions, and no tensor may
have two homes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.names import check_path
from reprollm.snapshot.safetensors import Tensor

INDEX_ENDING = ".safetensors.index.json"


def check_unique(files: Mapping[str, list[Tensor]]) -> None:
    """Raise `SnapshotRefused` when two files hold a tensor of the same name.

    Args:
        files: the tensors by the path of their file.
    """
    home: dict[str, str] = {}
    for path, tensors in sorted(files.items()):
        for tensor in tensors:
            other = home.setdefault(tensor.name, path)
            if other != path:
                raise SnapshotRefused(
                    f"expected every tensor in one file, found {tensor.name!a} in {other} and "
                    f"{path}; leave one of them out with --exclude"
                )


def check_index(path: str, index: Any, files: Mapping[str, list[Tensor]]) -> None:
    """Raise `SnapshotRefused` unless the index at `path` says what the files beside it hold.

    Args:
        path: the index's path in the snapshot.
        index: its JSON value.
        files: the tensors of the whole snapshot by the path of their file.
    """
    folder = path.rpartition("/")[0]
    beside = {name: tensors for name, tensors in files.items() if name.rpartition("/")[0] == folder}
    claimed = _weight_map(path, index, folder)
    for file in sorted(set(claimed.values()) - beside.keys()):
        _refuse(path, f"the file {file} that the index names", "no such file")
    for file in sorted(beside.keys() - set(claimed.values())):
        _refuse(path, "every safetensors file beside the index in it", f"{file} left out")
    actual = {tensor.name: file for file, tensors in beside.items() for tensor in tensors}
    for name in sorted(claimed.keys() | actual.keys()):
        if claimed.get(name) != actual.get(name):
            _refuse(
                path,
                f"tensor {name!a} in {claimed.get(name, 'no file')}",
                f"it in {actual.get(name, 'no file')}",
            )


def _weight_map(path: str, index: Any, folder: str) -> dict[str, str]:
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        _refuse(path, "a weight_map from tensors to files", f"{weight_map!a:.60}")
    claimed = {}
    for tensor, file in weight_map.items():
        if not isinstance(file, str):
            _refuse(path, f"a file name for tensor {tensor!a}", f"{file!a:.60}")
        check_path(file, path)
        claimed[tensor] = f"{folder}/{file}" if folder else file
    return claimed


def _refuse(path: str, expected: str, found: str) -> NoReturn:
    raise SnapshotRefused(
        f"{path} does not agree with the files: expected {expected}, found {found}; complete the "
        "download, or leave files that do not belong to the model out with --exclude"
    )

"""Hostile model folders: each refused in one sentence, within bounded time and memory.

What `tests/snapshot/test_refused.py` holds against single rules is held here against whole folders,
in a process of its own that may take two seconds of computing and little memory more than an honest
folder does.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiny_models import make_llama, write_safetensors

SECONDS, MEGABYTES = 5, 768
PIN = """
import resource, sys
from pathlib import Path
from reprollm.snapshot import pin
from reprollm.errors import ReprollmError
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))
for folder in sys.argv[1:]:
    try:
        pin(Path(folder))
        print("PINNED", flush=True)
    except ReprollmError as refused:
        print(type(refused).__name__, ascii(str(refused)), flush=True)
    except BaseException as error:
        print("RAISED", type(error).__name__, ascii(str(error)[:200]), flush=True)
"""


def config(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes))


def pickled(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weights": 1}))


def own_code(folder: Path) -> None:
    config(folder, auto_map={"AutoModelForCausalLM": "modeling.Own"})


def link_out(folder: Path) -> None:
    (folder / "vocab.json").symlink_to("/etc/hostname")


def link_to_itself(folder: Path) -> None:
    (folder / "vocab.json").symlink_to("vocab.json")


def header_of_2_gb(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.write((2 << 30).to_bytes(8, "little") + b"{")
        file.truncate((2 << 30) + 16)


def header_of_spaces(folder: Path) -> None:
    with (folder / "model.safetensors").open("wb") as file:
        file.write((99_000_000).to_bytes(8, "little") + b"{")
        file.truncate(99_000_008)


def header_of_nested_lists(folder: Path) -> None:
    header = b'{"a":' + b"[" * 1_000_000
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def header_of_many_tensors(folder: Path) -> None:
    entry = b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    header = b"{" + b",".join(entry % number for number in range(260_000)) + b"}"
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def overlap(folder: Path) -> None:
    entry = {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}
    header = json.dumps({"a": entry, "b": {**entry, "data_offsets": [4, 12]}}).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(12)
    (folder / "model.safetensors").write_bytes(content)


def missing_in_index(folder: Path) -> None:
    index = {
        "weight_map": {"model.norm.weight": "model.safetensors", "no.weight": "no.safetensors"}
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def tensor_twice(folder: Path) -> None:
    write_safetensors(folder / "other.safetensors", {"model.norm.weight": ("U8", [1], b"x")})


def deep_configuration(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 200_000 + "1" + "}" * 200_000)


def wide_configuration(folder: Path) -> None:
    with (folder / "config.json").open("r+b") as file:
        file.truncate(1 << 32)


def enormous_sizes(folder: Path) -> None:
    config(folder, num_hidden_layers=10**9, vocab_size=10**15)


def enormous_number(folder: Path) -> None:
    (folder / "config.json").write_text('{"hidden_size": ' + "9" * 1_000_000 + "}")


def reversed_name(folder: Path) -> None:
    (folder / "weights\u202esrotnesetfas.nib").write_bytes(b"")


def terminal_name(folder: Path) -> None:
    (folder / "a\x1b[2Jb.json").write_text("{}")


def not_unicode(folder: Path) -> None:
    (folder / os.fsdecode(b"a\xff.json")).write_text("{}")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "merges.txt")


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pickle": (pickled, "may run code"),
    "code of its own": (own_code, "auto_map"),
    "a link out of the folder": (link_out, "link out of it"),
    "a link to itself": (link_to_itself, "broken one"),
    "a header of 2 GB": (header_of_2_gb, "a header of 2 to 100000000 bytes"),
    "a header of 99 MB of nothing": (header_of_spaces, "UTF-8 JSON"),
    "a header of nested lists": (header_of_nested_lists, "UTF-8 JSON"),
    "a header of very many tensors": (header_of_many_tensors, "at most 250000 tensors"),
    "overlapping tensors": (overlap, "overlaps"),
    "an index with a missing file": (missing_in_index, r"no\.safetensors"),
    "a tensor with two homes": (tensor_twice, "every tensor in one file"),
    "a deep configuration": (deep_configuration, "expected JSON in config"),
    "a configuration of 4 GB": (wide_configuration, "below"),
    "enormous sizes": (enormous_sizes, "a number from 1 to"),
    "an enormous number": (enormous_number, "expected JSON in config|a number from 1 to"),
    "a name that reverses the line": (reversed_name, "visible Unicode"),
    "a name that clears the screen": (terminal_name, "visible Unicode"),
    "a name that is no Unicode": (not_unicode, "visible Unicode"),
    "a pipe": (pipe, "regular files"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pin every hostile folder in one bounded process; return what it said of each."""
    place = tmp_path_factory.mktemp("hostile")
    folders = []
    for number, (spoil, _) in enumerate(HOSTILE.values()):
        folders.append(make_llama(place / str(number)))
        spoil(folders[-1])
    script = PIN.format(seconds=SECONDS * 8, megabytes=MEGABYTES)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, folders)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(HOSTILE), done.stderr[-2000:] + str(done.returncode)
    return dict(zip(HOSTILE, lines, strict=True))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_refused_in_a_sentence(name: str, refusals: dict[str, str]) -> None:
    said = refusals[name]
    assert said.startswith("SnapshotRefused"), said[:300]
    assert re.search(HOSTILE[name][1], said), said[:300]
    assert len(said) < 800
    assert "\\n" not in said

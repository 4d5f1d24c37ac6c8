"""llama.cpp, on the tiny Llama that `reprollm model convert` writes as a GGUF file in F32."""

from pathlib import Path

from engine_suite.entry import Entry
from reprollm.llamacpp.convert import convert
from reprollm.snapshot.pin import pin
from tiny_models import make_llama


def make(folder: Path) -> Path:
    """Write the tiny Llama and, beside its files, the GGUF file that is pinned."""
    source = make_llama(folder)
    target = folder / "tiny.gguf"
    convert(source, pin(source), target, "f32")
    return target


ENTRY = Entry(name="llamacpp", environment="llamacpp", family="llamacpp", make=make)

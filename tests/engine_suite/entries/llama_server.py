"""llama.cpp's own server, started by this program on the tiny Llama as a GGUF file in F32."""

from engine_suite.entries.llamacpp import make
from engine_suite.entry import Entry
from engine_suite.served import owned

ENTRY = Entry(
    name="llama_server",
    environment="llamacpp",
    family="server",
    dtype="native",
    make=make,
    server=owned("llama-server"),
    # Its cache of keys and values is in float16.
    tolerance=0.02,
)

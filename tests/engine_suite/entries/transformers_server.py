"""`transformers serve`, started by this program."""

from engine_suite.entry import Entry
from engine_suite.served import owned

ENTRY = Entry(
    name="transformers_server",
    environment="dev",
    family="server",
    dtype="native",
    server=owned("transformers"),
)

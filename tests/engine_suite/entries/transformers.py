"""transformers, in the environment of the other tests."""

from engine_suite.entry import Entry

ENTRY = Entry(name="transformers", environment="dev", family="transformers")

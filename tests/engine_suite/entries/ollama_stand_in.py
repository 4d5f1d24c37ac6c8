"""A stand-in with the replies of Ollama."""

from engine_suite.stand_in import stand_in

ENTRY = stand_in("ollama")

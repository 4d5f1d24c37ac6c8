"""A stand-in with the replies of SGLang in its deterministic mode."""

from engine_suite.stand_in import stand_in

ENTRY = stand_in("sglang", "deterministic")

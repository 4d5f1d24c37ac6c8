"""Engines: what answers requests, and the attempt that drives one and records what it did.

The protocol and the choice of an engine are light; torch and transformers are imported only by the
module of the engine that needs them.
"""

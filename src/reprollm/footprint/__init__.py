"""How much memory a model needs with each engine, computed from its lock alone."""

"""Exact and seeded statistics, one method a module, in the standard library alone."""

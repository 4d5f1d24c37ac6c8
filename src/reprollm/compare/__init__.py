"""Comparison of two runs: request by request, with what may have caused a difference."""

"""Experiments with local language models that another person can check and repeat."""

__version__ = "0.4.0"

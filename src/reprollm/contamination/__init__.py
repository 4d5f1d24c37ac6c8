"""Contamination checks of an experiment: from what it declares to findings on record."""

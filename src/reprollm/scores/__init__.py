"""Scores of answers against their references, per item, per stratum and over all."""

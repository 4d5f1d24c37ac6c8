"""Calibration of the contamination checks on models whose training text is known."""

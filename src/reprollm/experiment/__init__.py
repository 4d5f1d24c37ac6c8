"""What the researcher writes: `experiment.yaml`, the data file, and where they lie.

Everything from outside is checked here, once, and every refusal is one sentence that says what was
expected, what was found, where, and what to do.
"""

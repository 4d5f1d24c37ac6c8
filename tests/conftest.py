"""Settings of all tests."""

from hypothesis import settings

# A busy machine is no defect: examples are bounded in number, not in time.
settings.register_profile("reprollm", deadline=None)
settings.load_profile("reprollm")

"""Settings of all tests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no defect: examples are bounded in number, not in time.
settings.register_profile("reprollm", deadline=None)
settings.load_profile("reprollm")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted (`record_property("counted", …)`), from all workers."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"{value}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal out files as `--dist loadfile` does, the longest first."""
    if config.getvalue("dist") != "loadfile":
        return None
    from distribution import LongestFirst

    return LongestFirst(config, log)

"""What Snakemake's output says of a run: how far it is, and why it stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_TOTAL = re.compile(r"total\s+(\d+)\s*$")
_FINISHED = re.compile(r"Finished jobid: \d+ \(Rule: (\w+)\)")
_FAILED = re.compile(r"Error in rule (\w+):")
_LOG = re.compile(r"\s+log: (.+?) \(check log file")
_STATUS = re.compile(r"returned non-zero exit status (\d+)")
_RESTART = re.compile(r"Trying to restart job")
_LOCKED = re.compile(r"Directory cannot be locked")
_STOPPED = re.compile(r"Will exit after finishing|Terminating processes on user request")
_IDLE = re.compile(r"Nothing to be done")


@dataclass
class RunProgress:
    """The state of a run, fed with Snakemake's output line by line.

    Attributes:
        total: number of jobs without the closing `all`; 0 until it is known.
        finished: rules of the finished jobs, in order.
        failed: the rule that failed last, or None.
        logs: log files of failed jobs, the first first.
        status: exit status of the first failed command, where Snakemake says it.
        failures: how often a failure was told of.
        restarted: how many jobs were started again.
        locked: another Snakemake holds the files.
        stopped: Snakemake was told to stop.
        idle: there was nothing to do.
        tail: the last lines, for a failure that is none of these.
    """

    total: int = 0
    finished: list[str] = field(default_factory=list)
    failed: str | None = None
    logs: list[Path] = field(default_factory=list)
    status: int | None = None
    failures: int = 0
    restarted: int = 0
    locked: bool = False
    stopped: bool = False
    idle: bool = False
    tail: list[str] = field(default_factory=list)

    def feed(self, line: str) -> str | None:
        """Take one line of output; return what is worth telling the user, if anything."""
        self.tail = [*self.tail[-19:], line.rstrip()]
        if match := _FINISHED.search(line):
            if match[1] == "all":
                return None
            self.finished.append(match[1])
            return f"{match[1]} done ({len(self.finished)} of {self.total})"
        if match := _FAILED.search(line):
            self.failed = match[1]
            self.failures += 1
            # The log of a job on a cluster, which is shown too, says it again.
            return f"{match[1]} failed" if self.failures == self.restarted + 1 else None
        if _RESTART.search(line):
            self.restarted += 1
            self.failures = self.restarted
            return f"{self.failed} is started again"
        self._note(line)
        return None

    def _note(self, line: str) -> None:
        if match := _TOTAL.match(line):
            self.total = int(match[1]) - 1
        elif match := _LOG.match(line):
            self.logs += [Path(name) for name in match[1].split(", ")]
        elif (match := _STATUS.search(line)) and self.status is None:
            self.status = int(match[1])
        self.locked = self.locked or bool(_LOCKED.search(line))
        self.stopped = self.stopped or bool(_STOPPED.search(line))
        self.idle = self.idle or bool(_IDLE.search(line))

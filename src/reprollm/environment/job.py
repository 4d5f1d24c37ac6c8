"""Which scheduler job this process belongs to: part of the `start` record only.

A requeued job keeps its id: `restart` then counts how often SLURM began it, where SLURM says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from reprollm.canon import Json

_SLURM = {
    "id": "SLURM_JOB_ID",
    "partition": "SLURM_JOB_PARTITION",
    "nodes": "SLURM_JOB_NODELIST",
    "node": "SLURMD_NODENAME",
    "cluster": "SLURM_CLUSTER_NAME",
    "restart": "SLURM_RESTART_COUNT",
    "array_job": "SLURM_ARRAY_JOB_ID",
    "array_task": "SLURM_ARRAY_TASK_ID",
    "step": "SLURM_STEP_ID",
    "cpus": "SLURM_CPUS_PER_TASK",
}
_PBS = {"id": "PBS_JOBID", "partition": "PBS_QUEUE", "cluster": "PBS_SERVER"}
_GRID_ENGINE = {"id": "JOB_ID", "partition": "QUEUE", "cluster": "SGE_CELL"}
_LSF = {"id": "LSB_JOBID", "partition": "LSB_QUEUE", "nodes": "LSB_HOSTS"}
_SCHEDULERS = (("slurm", _SLURM), ("pbs", _PBS), ("lsf", _LSF))


def job_facts(environment: Mapping[str, str] = os.environ) -> dict[str, Json] | None:
    """Return the scheduler's name and what it says of this job, or None outside of a job."""
    for scheduler, names in _SCHEDULERS:
        if names["id"] in environment:
            return _facts(scheduler, names, environment)
    # JOB_ID alone is too common a name to mean Grid Engine.
    if "JOB_ID" in environment and "SGE_ROOT" in environment:
        return _facts("grid_engine", _GRID_ENGINE, environment)
    return None


def _facts(
    scheduler: str, names: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, Json]:
    facts: dict[str, Json] = {"scheduler": scheduler}
    facts.update({key: environment[name] for key, name in names.items() if name in environment})
    return facts

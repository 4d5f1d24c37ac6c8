"""Another machine is played by another instruction set: ATen then takes other kernels."""

from __future__ import annotations

import shutil
from pathlib import Path

from engines.jobs import Job, plan_job


def answered(job: Job, **variables: str) -> Job:
    done = job.generate(**variables)
    assert done.returncode == 0, done.stderr
    return job


def test_another_machine_gives_the_same_tokens_in_float32_and_says_what_it_was(
    models: Path, tmp_path: Path
) -> None:
    job = plan_job(tmp_path / "here", models / "llama", items=8)
    shutil.copytree(job.folder, tmp_path / "there")
    here = answered(job)
    there = answered(Job(tmp_path / "there", job.plan), ATEN_CPU_CAPABILITY="default")
    assert here.results() == there.results()
    assert here.bits() != there.bits()
    one, other = here.records("start")[0], there.records("start")[0]
    assert one["environment"] != other["environment"]
    assert other["engine"]["capability"] == "DEFAULT" != one["engine"]["capability"]
    [facts] = [record["facts"] for record in there.records("environment")]
    assert {"name": "ATEN_CPU_CAPABILITY", "value": "default"} in facts["variables"]


def test_strict_batches_keep_their_bits_on_the_other_machine_too(
    models: Path, tmp_path: Path
) -> None:
    runs = [
        answered(
            plan_job(tmp_path / str(size), models / "llama", items=5, size=size),
            ATEN_CPU_CAPABILITY="default",
        )
        for size in (1, 6)
    ]
    one, many = runs
    assert one.results() == many.results()
    assert one.bits() == many.bits()

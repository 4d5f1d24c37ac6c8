"""Another machine is played by another instruction set: ATen then takes other kernels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engines.jobs import Job, fork, plan_job, wait
from reprollm.engines.transformers import TransformersEngine


def elsewhere(folder: Path, models: Path, size: int) -> Job:
    """Return a job that was run in a process of its own with ATen's plainest kernels."""
    job = plan_job(folder, models / "llama", items=8, size=size)
    done = job.generate(ATEN_CPU_CAPABILITY="default")
    assert done.returncode == 0, done.stderr
    return job


@pytest.fixture(scope="module")
def there(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return elsewhere(tmp_path_factory.mktemp("there"), models, 4)


def test_another_machine_gives_the_same_tokens_in_float32_and_says_what_it_was(
    models: Path,
    tmp_path: Path,
    there: Job,
    engine: Callable[..., TransformersEngine],
) -> None:
    engine()
    here = plan_job(tmp_path, models / "llama", items=8)
    assert wait(fork(here)) == 0
    assert here.results() == there.results()
    assert here.bits() != there.bits()
    one, other = here.records("start")[0], there.records("start")[0]
    assert one["environment"] != other["environment"]
    assert other["engine"]["capability"] == "DEFAULT" != one["engine"]["capability"]
    [facts] = [record["facts"] for record in there.records("environment")]
    assert {"name": "ATEN_CPU_CAPABILITY", "value": "default"} in facts["variables"]


def test_strict_batches_keep_their_bits_on_the_other_machine_too(
    models: Path, tmp_path: Path, there: Job
) -> None:
    alone = elsewhere(tmp_path, models, 1)
    assert alone.results() == there.results()
    assert alone.bits() == there.bits()

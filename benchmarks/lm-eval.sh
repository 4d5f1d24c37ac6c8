#!/usr/bin/env bash
# usage: benchmarks/lm-eval.sh VENV PYTHON
# Makes the environment of the peer harness, apart from the project's own; does nothing once it is there.
set -euo pipefail
venv=$1 python=$2
here=$(cd "$(dirname "$0")/.." && pwd)
[ -e "$venv/.installed" ] && exit 0
echo "set-up: lm-evaluation-harness in $venv, for comparison only (a few minutes)"
"$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input)
"${pip[@]}" -r "$here/envs/torch.txt"
"${pip[@]}" -r "$here/envs/torch.txt" -r "$here/benchmarks/lm-eval.txt"
touch "$venv/.installed"

#!/usr/bin/env bash
# usage: benchmarks/lm-eval.sh VENV PYTHON
# Makes the environment of the peer harness, apart from the project's own; does nothing once it is
# there.
set -euo pipefail
venv=$1 python=$2
cd "$(dirname "$0")/.."
[ -e "$venv/.installed" ] && exit 0
echo "set-up: lm-evaluation-harness in $venv, for comparison only (a few minutes)"
"$python" -m venv "$venv"
log="$venv/set-up.log"
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input)
{
  "${pip[@]}" -r envs/torch.txt &&
    "${pip[@]}" -r envs/torch.txt -r benchmarks/lm-eval.txt
} >"$log" 2>&1 || {
  tail -n 15 "$log" >&2
  echo "set-up: lm-evaluation-harness could not be installed; the whole log is $log" >&2
  exit 1
}
touch "$venv/.installed"

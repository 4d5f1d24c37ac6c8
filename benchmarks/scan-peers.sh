#!/usr/bin/env bash
# usage: benchmarks/scan-peers.sh VENV PYTHON
# Makes the environment of the scan's peers, apart from the project's own; does nothing once it is
# there.
set -euo pipefail
venv=$1 python=$2
cd "$(dirname "$0")/.."
[ -e "$venv/.installed" ] && exit 0
echo "set-up: peers of the corpus scan in $venv, for comparison only"
"$python" -m venv "$venv"
log="$venv/set-up.log"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input \
  -r benchmarks/scan-peers.txt >"$log" 2>&1 || {
  tail -n 15 "$log" >&2
  echo "set-up: the scan's peers could not be installed; the whole log is $log" >&2
  exit 1
}
touch "$venv/.installed"

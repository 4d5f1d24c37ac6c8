#!/usr/bin/env bash
# usage: tests/packages.sh PROGRAM:PACKAGE...
# Installs the Debian packages of those programs that are missing.
set -euo pipefail
sudo=$([ "$(id -u)" = 0 ] || echo sudo)

missing=()
for pair in "$@"; do
  PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
[ ${#missing[@]} = 0 ] && exit 0

command -v apt-get >/dev/null || {
  echo "expected ${missing[*]} on this system, found no apt-get to install it;" \
    "install it by this system's own means" >&2
  exit 1
}
echo "set-up: Debian's packages ${missing[*]}"
$sudo apt-get -qq update
DEBIAN_FRONTEND=noninteractive $sudo apt-get -qq install -y "${missing[@]}" >/dev/null

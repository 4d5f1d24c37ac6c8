#!/usr/bin/env bash
# Installs SLURM and munge from Debian's packages where they are missing.
set -euo pipefail
sudo=$([ "$(id -u)" = 0 ] || echo sudo)

missing=()
for pair in slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge; do
  PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
[ ${#missing[@]} = 0 ] && exit 0

command -v apt-get >/dev/null || {
  echo "expected slurmctld, slurmd, sbatch and munged, found no apt-get to install them;" \
    "install SLURM and munge by this system's own means" >&2
  exit 1
}
echo "set-up: Debian's packages ${missing[*]}"
$sudo apt-get -qq update
DEBIAN_FRONTEND=noninteractive $sudo apt-get -qq install -y "${missing[@]}" >/dev/null

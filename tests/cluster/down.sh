#!/usr/bin/env bash
# usage: down.sh BASE
# Ends the jobs that are left, then the daemons whose process ids lie in BASE/run, and removes the
# link that up.sh made.
base=$1
if [ "$(readlink /etc/slurm/slurm.conf)" = "$base/etc/slurm.conf" ]; then
  # A job outlives its daemons.
  scancel --quiet --user="$(id -un)" 2>/dev/null
  for _ in $(seq 300); do
    squeue --noheader --states=running,completing --format=%i 2>/dev/null | grep -q . || break
    sleep 0.1
  done
fi
for name in slurmd-cpu1 slurmd-cpu2 slurmctld munged; do
  pid=$(cat "$base/run/$name.pid" 2>/dev/null) || continue
  kill "$pid" 2>/dev/null
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null && sleep 0.1 || break; done
done
[ "$(readlink /etc/slurm/slurm.conf)" = "$base/etc/slurm.conf" ] && rm -f /etc/slurm/slurm.conf
exit 0

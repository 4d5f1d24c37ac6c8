#!/usr/bin/env bash
# usage: up.sh BASE
# Starts munged, slurmctld and two slurmd on this machine; everything they write lies below BASE.
set -euo pipefail
base=$1 here=$(cd "$(dirname "$0")" && pwd) host=$(hostname -s)
export PATH=$PATH:/usr/sbin

[ "$(id -u)" = 0 ] || {
  echo "expected to run as root, whom SLURM's daemons start as here, found $(id -un)" >&2
  exit 1
}

# Snakemake's SLURM plugin hides SLURM_CONF from its jobs, so the default place is the only one.
place=/etc/slurm/slurm.conf
if [ -e $place ] && [ ! -L $place ]; then
  echo "expected no SLURM of this machine's own, found $place; run this test elsewhere" >&2
  exit 1
fi

mkdir -p "$base"/{etc,munge,state,spool/cpu1,spool/cpu2,run,log}
chmod 755 "$base" "$base/munge"

(umask 077 && head -c 128 /dev/urandom >"$base/munge/munge.key")
munged --force --key-file="$base/munge/munge.key" --socket="$base/munge/munge.socket" \
  --pid-file="$base/run/munged.pid" --log-file="$base/log/munged.log" --seed-file="$base/munge/seed"

sed -e "s#@BASE@#$base#g" -e "s#@HOST@#$host#g" "$here/slurm.conf.in" >"$base/etc/slurm.conf"
mkdir -p /etc/slurm
ln -sfn "$base/etc/slurm.conf" $place

slurmctld
for node in cpu1 cpu2; do slurmd -N $node; done
for _ in $(seq 300); do
  [ "$(sinfo --noheader --Node --format=%T | sort -u)" = idle ] && exit 0
  sleep 0.1
done
echo "expected two idle nodes within 30 seconds, found:" >&2
sinfo --Node --long >&2
tail -n 20 "$base"/log/*.log >&2
exit 1

#!/bin/sh
# Installs what tests use beside Python, on Debian and with root: the real etcd, a Docker
# engine, nft and ip, dig; with `faults` also what `make faults` uses. Without, the tests that need them are skipped and say so.
set -u
wanted=""
want() { command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"; }
want etcd etcd-server
want dockerd docker.io
want iptables iptables
want nft nftables
want ip iproute2
want busybox busybox
want dpkg-source dpkg-dev
want dig bind9-dnsutils
want conntrack conntrack
want newuidmap uidmap
if [ "${1:-}" = faults ]; then
  want faketime faketime
  want strace strace
  want sshd openssh-server
  # Debian starts the daemon when it installs it; this keeps it from doing so.
  export RUNLEVEL=1
fi
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed, tests that need them are skipped:$wanted (needs root and apt)"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
  echo "could not install, tests that need them are skipped:$wanted"
exit 0

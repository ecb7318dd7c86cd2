#!/bin/sh
# Installs what tests use beside Python, on Debian and with root: the real etcd, a Docker
# engine, nft and ip, dig; with `faults` also what `make faults` uses, with `lab` only what
# `make lab` does. Without, the tests that need them are skipped and say so.
set -u
wanted="" without="tests that need them are skipped"
want() { command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"; }
want dockerd docker.io
want iptables iptables
want nft nftables
want ip iproute2
if [ "${1:-}" = lab ]; then
  without="the lab wants a Docker engine"
else
  want etcd etcd-server
  want busybox busybox
  want dpkg-source dpkg-dev
  want dig bind9-dnsutils
  want conntrack conntrack
  want newuidmap uidmap
fi
if [ "${1:-}" = faults ]; then
  want faketime faketime
  want strace strace
  want sshd openssh-server
  # Debian starts the daemon when it installs it; this keeps it from doing so.
  export RUNLEVEL=1
fi
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed, $without:$wanted (needs root and apt)"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
[ "${1:-}" != lab ] || echo "lab: installing$wanted" >&2
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
  echo "could not install, $without:$wanted"
exit 0

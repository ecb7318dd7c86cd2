#!/usr/bin/env bash
# Install what the tests use beside Python: with root and apt the real etcd; without, the
# tests that need it are skipped and say so.
set -eu
wanted=()
command -v etcd >/dev/null || wanted+=(etcd-server)
[ ${#wanted[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed, tests that need them are skipped: ${wanted[*]} (needs root and apt)"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null
apt-get install -qq -y --no-install-recommends "${wanted[@]}" >/dev/null

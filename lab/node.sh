#!/bin/sh
# PID 1 of a node of the lab: a Docker engine of its own, the kubelet and the proxy.
# What ends is started again; when the node is told to end, its pods end with it.
# The node is called as its host is; its certificate and tokens are in /issued.
set -u
name=$(hostname)
export KNARR_HOSTNAME_OVERRIDE="$name"

if [ "${1:-}" = engine ]; then
  # Numbers of a former life would be taken for processes that live.
  rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid
  exec dockerd --bridge=none --userland-proxy=false --live-restore --shutdown-timeout 2 \
    --cgroup-parent "/knarr-lab/$name" --log-level error
fi

keep() { # NAME COMMAND…: run a command, again and again
  part=$1
  shift
  while :; do
    "$@" &
    child=$!
    trap 'kill -TERM $child 2>/dev/null; wait $child; exit 0' TERM
    wait $child
    echo "$part ended ($?) and is started again" >&2
    sleep 1
  done
}

# An engine that finds forwarding open leaves its chain open too, and what fails on a fresh
# host would pass here.
echo 0 >/proc/sys/net/ipv4/ip_forward

keep dockerd "$0" engine &
engine=$!
until docker version >/dev/null 2>&1; do sleep 0.1; done
for archive in /images/*.tar; do
  if [ -e "$archive" ]; then docker load -q -i "$archive"; fi
done

KNARR_TOKEN_FILE=/issued/token keep kubelet python3 -m kubelet &
kubelet=$!
KNARR_TOKEN_FILE=/issued/proxy/token keep proxy python3 -m proxy &
proxy=$!

stop() {
  kill -TERM $kubelet $proxy
  wait $kubelet $proxy
  kill -TERM $engine
  wait $engine
  exit 0
}
trap stop TERM INT
wait

#!/bin/sh
# Runs while an image is built: installs what its base lacks.
#   daemon   what pyproject.toml names as dependencies
#   node     a Docker engine, and what leads packets
set -eu
cd "$(dirname "$0")"

has_modules() {
  python3 -c 'import aiohttp, cryptography, dnslib, grpc, msgspec, numpy, pyroute2, structlog, uvloop, yaml' 2>/dev/null
}

dependencies() {
  python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")'
}

case $1 in
  daemon)
    has_modules && exit 0
    dependencies >/tmp/wanted
    pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r /tmp/wanted
    rm /tmp/wanted
    ;;
  node)
    command -v dockerd >/dev/null && command -v nft >/dev/null && exit 0
    apt-get update
    apt-get install -y --no-install-recommends docker.io iptables nftables iproute2 conntrack procps
    rm -rf /var/lib/apt/lists/*
    ;;
esac

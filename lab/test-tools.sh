#!/bin/sh
# Installs what the tests that need root use, on Debian: a Docker engine, nft and ip.
# Without them those tests are skipped and say so.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  docker.io iptables nftables iproute2 busybox dpkg-dev

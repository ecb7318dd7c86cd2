#!/usr/bin/env bash
# Sees to the lab's images and writes .env (or LAB_ENV), which `docker compose` reads.
# With a registry: public base images. Without: base images made here of Debian's packages.
# REGISTRY=none does not even ask.
set -eu
cd "$(dirname "$0")/.."

PYTHON_IMAGE=python:3.11-slim-bookworm
ETCD_IMAGE=quay.io/coreos/etcd:v3.5.21

export LAB_STATE=${LAB_STATE:-lab/state}
env_file=${LAB_ENV:-.env}
mkdir -p "$LAB_STATE/images"
if [ "${REGISTRY:-}" != none ] &&
  timeout 60 docker pull -q "$PYTHON_IMAGE" >/dev/null 2>&1 &&
  timeout 60 docker pull -q "$ETCD_IMAGE" >/dev/null 2>&1; then
  rm -f "$LAB_STATE"/images/*.tar
  printf 'BASE_IMAGE=%s\nETCD_IMAGE=%s\n' "$PYTHON_IMAGE" "$ETCD_IMAGE" >"$env_file.new"
else
  echo "no registry: base images are made of Debian's packages" >&2
  python -m lab.images >"$env_file.new"
fi
mv "$env_file.new" "$env_file"

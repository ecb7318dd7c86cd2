#!/usr/bin/env bash
# Sees to the lab's images and writes .env (or LAB_ENV), which `docker compose` reads.
# With a registry: public base images. Without: base images made here of Debian's packages.
# REGISTRY=none does not even ask. Other lines of .env stay as they are.
set -eu
cd "$(dirname "$0")/.."
[ ! -x .venv/bin/knarr ] || export PATH=$PWD/.venv/bin:$PATH # What `make lab` installed.

PYTHON_IMAGE=python:3.11-slim-bookworm
ETCD_IMAGE=quay.io/coreos/etcd:v3.5.21

export LAB_STATE=${LAB_STATE:-lab/state}
env_file=${LAB_ENV:-.env}
kept=$([ ! -f "$env_file" ] || grep -v '^\(BASE\|ETCD\)_IMAGE=' "$env_file" || true)
mkdir -p "$LAB_STATE/images"
if [ "${REGISTRY:-}" != none ] &&
  timeout 60 docker pull -q "$PYTHON_IMAGE" >/dev/null 2>&1 &&
  timeout 60 docker pull -q "$ETCD_IMAGE" >/dev/null 2>&1; then
  rm -f "$LAB_STATE"/images/*.tar
  made=$(printf 'BASE_IMAGE=%s\nETCD_IMAGE=%s' "$PYTHON_IMAGE" "$ETCD_IMAGE")
else
  echo "lab: no registry answers: base images are of Debian's packages (the first time a minute or two)" >&2
  made=$(python -m lab.images)
fi
printf '%s\n' ${kept:+"$kept"} "$made" >"$env_file.new"
mv "$env_file.new" "$env_file"

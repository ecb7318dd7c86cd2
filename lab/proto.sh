#!/bin/sh
# Makes knarr/proto/*_pb2.py and their types from proto/knarr/v1/*.proto.
set -eu
cd "$(dirname "$0")/.."
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
python -m grpc_tools.protoc -I proto --python_out="$made" --pyi_out="$made" proto/knarr/v1/*.proto
cp "$made"/knarr/v1/*_pb2.py "$made"/knarr/v1/*_pb2.pyi knarr/proto/

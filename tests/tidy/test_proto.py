"""The committed messages are those of the contract in proto/."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from knarr.proto import node_pb2, resources_pb2

PROTO = Path(__file__).parents[2] / "proto"


@pytest.mark.parametrize("module", [node_pb2, resources_pb2])
def test_stubs_are_made_from_the_contract(module: object, tmp_path: Path) -> None:
    descriptor = module.DESCRIPTOR  # type: ignore[attr-defined]  # every generated module has one
    made = tmp_path / "made"
    arguments = ["protoc", f"-I{PROTO}", f"--descriptor_set_out={made}", descriptor.name]
    assert protoc.main(arguments) == 0
    (wanted,) = FileDescriptorSet.FromString(made.read_bytes()).file
    for message in wanted.message_type:
        for field in message.field:
            field.ClearField("json_name")
    assert wanted.SerializeToString() == descriptor.serialized_pb, "run `make proto`"

"""What goes on to a kubelet by way of the API server: logs, commands, ports."""

from collections.abc import Iterator

from knarr.client.dynamic import DynamicClient
from knarr.proto import node_pb2 as pb

_SERVICE = "/knarr.v1.Node/"


def logs(client: DynamicClient, request: pb.LogsRequest) -> Iterator[bytes]:
    """What a container wrote. Raise StatusError."""
    for data in client.stream(f"{_SERVICE}Logs", request.SerializeToString()):
        yield pb.Chunk.FromString(data).data


def terminal(
    client: DynamicClient, method: str, inputs: Iterator[pb.TerminalInput]
) -> Iterator[pb.TerminalOutput]:
    """Exec or Attach: inputs go in, outputs come back."""
    messages = (one.SerializeToString() for one in inputs)
    for data in client.both(f"{_SERVICE}{method}", messages):
        yield pb.TerminalOutput.FromString(data)


def port_forward(client: DynamicClient, frames: Iterator[pb.PortFrame]) -> Iterator[pb.PortFrame]:
    """Bytes to and from ports of a pod."""
    messages = (one.SerializeToString() for one in frames)
    for data in client.both(f"{_SERVICE}PortForward", messages):
        yield pb.PortFrame.FromString(data)

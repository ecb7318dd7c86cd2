"""`port-forward`: ports here that lead to ports of a pod."""

import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, words
from knarr.cli.node_calls import port_forward
from knarr.cli.pods_of import pod_of
from knarr.cli.selecting import find_one
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError
from knarr.proto import node_pb2 as pb

Json = dict[str, Any]

PIECE_BYTES = 64 * 1024
WAITING_MAX = 128
"""So many frames wait for a slow connection before its sender is made to wait."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Listen until the user stops it."""
    if len(arguments.words) < 2:
        raise CliError("TYPE/NAME and list of ports are required for port-forward")
    word, *specs = arguments.words
    pod = pod_of(session, word)
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running":
        raise CliError(f"unable to forward port because pod is not running. Current status={phase}")
    addresses = arguments.list("address") or ["127.0.0.1"]
    threads = []
    for spec in specs:
        local, remote = _ports(session, word, pod, spec)
        for address in addresses:
            host = "127.0.0.1" if address == "localhost" else address
            listener = _listen(host, local)
            bound = listener.getsockname()[1]
            session.say(f"Forwarding from {host}:{bound} -> {remote}")
            threads.append(
                threading.Thread(target=_serve, args=(session, pod, listener, remote), daemon=True)
            )
    session.client  # noqa: B018  # made once, before the threads share it
    import sys  # noqa: PLC0415

    sys.stdout.flush()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return None


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise CliError(
            f"unable to listen on port {port}: {error.strerror}; choose another with LOCAL:REMOTE"
        ) from None


def _ports(session: Session, word: str, pod: Json, spec: str) -> tuple[int, int]:
    local_text, colon, remote_text = spec.partition(":")
    remote_text = remote_text if colon else local_text
    remote = _pod_port(session, word, pod, remote_text)
    if not local_text:
        return 0, remote
    return (int(local_text) if local_text.isdigit() else remote), remote


def _pod_port(session: Session, word: str, pod: Json, port: str) -> int:
    kind = word.partition("/")[0]
    if "/" in word and session.resources.find(kind).name == "Service":
        service = find_one(session, [word]).object
        for one in service["spec"].get("ports") or []:
            if port in (str(one["port"]), one.get("name")):
                port = str(one.get("targetPort", one["port"]))
                break
        else:
            name = service["metadata"]["name"]
            raise CliError(f"Service {name} does not have a service port {port}")
    if port.isdigit():
        return int(port)
    for container in pod["spec"].get("containers") or []:
        for one in container.get("ports") or []:
            if one.get("name") == port:
                return int(one["containerPort"])
    raise CliError(f"Pod '{pod['metadata']['name']}' does not have a named port '{port}'")


def _serve(session: Session, pod: Json, listener: socket.socket, remote: int) -> None:
    while True:
        connection, _ = listener.accept()
        session.say(f"Handling connection for {remote}")
        threading.Thread(
            target=_carry, args=(session, pod, connection, remote), daemon=True
        ).start()


def _carry(session: Session, pod: Json, connection: socket.socket, remote: int) -> None:
    frames: queue.Queue[pb.PortFrame | None] = queue.Queue(maxsize=WAITING_MAX)
    meta = pod["metadata"]
    start = pb.PortStart(namespace=meta["namespace"], pod=meta["name"])
    frames.put(pb.PortFrame(start=start))
    frames.put(pb.PortFrame(data=pb.PortData(connection=1, port=remote)))
    threading.Thread(target=_read, args=(connection, frames), daemon=True).start()
    try:
        for frame in port_forward(session.client, _until_none(frames)):
            kind = frame.WhichOneof("frame")
            if kind == "data":
                connection.sendall(frame.data.data)
            elif kind == "closed":
                break
            elif kind == "error":
                session.tell(f"error: an error occurred forwarding {remote}: {frame.error.message}")
                break
    except (OSError, StatusError) as error:
        session.tell(f"error: lost connection to pod: {error}")
    finally:
        connection.close()
        frames.put(None)


def _read(connection: socket.socket, frames: "queue.Queue[pb.PortFrame | None]") -> None:
    try:
        while data := connection.recv(PIECE_BYTES):
            frames.put(pb.PortFrame(data=pb.PortData(connection=1, data=data)))
    except OSError:
        pass
    frames.put(pb.PortFrame(closed=1))


def _until_none(frames: "queue.Queue[pb.PortFrame | None]") -> Iterator[pb.PortFrame]:
    while (frame := frames.get()) is not None:
        yield frame


COMMAND = Command(
    about="Forward ports of this machine to a pod.",
    usage="port-forward TYPE/NAME [LOCAL_PORT:]REMOTE_PORT [...]",
    examples="""
# Listen on any free port and forward it to port 80 of a pod
timeout 2 knarr port-forward pod/web :80
""",
    flags=(
        words("address", help="Addresses to listen on"),
        text("pod-running-timeout", default="1m", help="How long to wait until the pod runs"),
    ),
    run=run,
)

"""A terminal here and a process in a container: what exec and attach have in common."""

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments
from knarr.cli.node_calls import terminal
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError
from knarr.proto import node_pb2 as pb

Json = dict[str, Any]

PIECE_BYTES = 32 * 1024
START_S = 60.0
"""How long `run --attach` waits for its pod."""


def carry(session: Session, method: str, start: pb.TerminalStart) -> int:
    """Run until the process ends; answer its exit status."""
    inputs: queue.Queue[pb.TerminalInput | None] = queue.Queue(maxsize=64)
    inputs.put(pb.TerminalInput(start=start))
    if start.stdin:
        threading.Thread(target=_read_stdin, args=(inputs,), daemon=True).start()
    with _raw_terminal(is_tty=start.tty and start.stdin, inputs=inputs):
        code = 0
        for output in terminal(session.client, method, _until_none(inputs)):
            match output.WhichOneof("output"):
                case "stdout":
                    _write(1, output.stdout)
                case "stderr":
                    _write(2, output.stderr)
                case "exit":
                    code = output.exit.code
                    if output.exit.error:
                        raise CliError(output.exit.error)
                    break
    inputs.put(None)
    return code


def start_of(
    pod: Json, container: str, command: list[str], *, stdin: bool, tty: bool
) -> pb.TerminalStart:
    """What begins the session."""
    start = pb.TerminalStart(
        target=pb.ContainerTarget(
            namespace=pod["metadata"]["namespace"],
            pod=pod["metadata"]["name"],
            container=container,
        ),
        command=command,
        stdin=stdin,
        stdout=True,
        stderr=not tty,
        tty=tty,
    )
    if tty and sys.stdout.isatty():
        size = os.get_terminal_size()
        start.size.columns, start.size.rows = size.columns, size.lines
    return start


def attach_to_new(session: Session, arguments: Arguments, name: str) -> int:
    """Wait until a pod runs, join it, and delete it afterwards if that was asked."""
    kind = session.resources.find("pods")
    ends = time.monotonic() + START_S
    while True:
        pod = session.client.get(kind, session.namespace, name)
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Running", "Succeeded", "Failed"):
            break
        if time.monotonic() > ends:
            raise CliError(f"timed out waiting for pod/{name} to run: see `knarr why pod/{name}`")
        time.sleep(0.2)
    try:
        if phase != "Running":
            from knarr.cli.node_calls import logs  # noqa: PLC0415

            target = pb.ContainerTarget(namespace=session.namespace, pod=name)
            for piece in logs(session.client, pb.LogsRequest(target=target)):
                _write(1, piece)
            return 0
        stdin, tty = arguments.truth("stdin"), arguments.truth("tty")
        return carry(session, "Attach", start_of(pod, "", [], stdin=stdin, tty=tty))
    finally:
        if arguments.truth("rm"):
            with contextlib.suppress(StatusError):
                session.client.delete(kind, session.namespace, name)
            session.say(f'pod "{name}" deleted from {session.namespace} namespace')


def _until_none(inputs: "queue.Queue[pb.TerminalInput | None]") -> Iterator[pb.TerminalInput]:
    while True:
        one = inputs.get()
        if one is None:
            return
        yield one


def _read_stdin(inputs: "queue.Queue[pb.TerminalInput | None]") -> None:
    while True:
        data = os.read(0, PIECE_BYTES)
        if not data:
            inputs.put(pb.TerminalInput(stdin_closed=True))
            return
        inputs.put(pb.TerminalInput(stdin=data))


def _write(descriptor: int, data: bytes) -> None:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(data.decode(errors="replace"))
    else:
        buffer.write(data)
    stream.flush()


@contextlib.contextmanager
def _raw_terminal(
    *, is_tty: bool, inputs: "queue.Queue[pb.TerminalInput | None]"
) -> Iterator[None]:
    """Pass keys on as they are typed, and tell of changes of the terminal's size."""
    if not is_tty or not sys.stdin.isatty():
        yield
        return
    import termios  # noqa: PLC0415
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(0)

    def resized(_signal: int, _frame: Any) -> None:
        size = os.get_terminal_size()
        new_size = pb.TerminalSize(columns=size.columns, rows=size.lines)
        inputs.put(pb.TerminalInput(resize=new_size))

    was = signal.signal(signal.SIGWINCH, resized)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, was)

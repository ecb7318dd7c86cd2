"""A terminal here and a process in a container: what exec and attach have in common."""

import _thread
import contextlib
import itertools
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, seconds_of
from knarr.cli.live import changes_of
from knarr.cli.node_calls import terminal
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError
from knarr.proto import node_pb2 as pb

Json = dict[str, Any]

PIECE_BYTES = 32 * 1024
END_S = 5.0
"""How long the end of a pod is waited for after its output has ended."""

_STARTED = ("Running", "Succeeded", "Failed")


def carry(session: Session, method: str, start: pb.TerminalStart, *, detach: bytes = b"") -> int:
    """Run until the process ends or `detach` is typed; answer the exit status."""
    inputs: queue.Queue[pb.TerminalInput | None] = queue.Queue(maxsize=64)
    inputs.put(pb.TerminalInput(start=start))
    keys = detach if start.tty else b""
    if start.stdin:
        threading.Thread(target=_read_stdin, args=(inputs, keys), daemon=True).start()
    with _raw_terminal(is_tty=start.tty and start.stdin, inputs=inputs):
        try:
            code = _outputs(session, method, inputs)
        except KeyboardInterrupt:
            if not keys:
                raise
            code = 0  # The keys to leave with were typed; the process goes on.
    inputs.put(None)
    return code


def _outputs(session: Session, method: str, inputs: "queue.Queue[pb.TerminalInput | None]") -> int:
    for output in terminal(session.client, method, _until_none(inputs)):
        match output.WhichOneof("output"):
            case "stdout":
                _write(1, output.stdout)
            case "stderr":
                _write(2, output.stderr)
            case "exit":
                if output.exit.error:
                    raise CliError(output.exit.error)
                return int(output.exit.code)
    return 0


def detach_keys(text: str) -> bytes:
    """The bytes of `ctrl-p,ctrl-q`. Raise CliError."""
    found = b""
    for key in text.split(",") if text else []:
        letter = key.removeprefix("ctrl-")
        if len(letter) != 1 or not letter.isascii():
            raise CliError(f'unknown key "{key}" in --detach-keys: write a letter, or ctrl-LETTER')
        found += bytes([ord(letter) & 0x1F]) if key.startswith("ctrl-") else letter.encode()
    return found


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
    phase = _phase(_running(session, arguments, name))
    try:
        if phase == "Running":
            stdin, tty = arguments.truth("stdin"), arguments.truth("tty")
            pod = session.client.get(kind, session.namespace, name)
            keys = detach_keys(str(arguments.values.get("detach-keys") or ""))
            start = start_of(pod, _main(arguments, pod), [], stdin=stdin, tty=tty)
            return carry(session, "Attach", start, detach=keys) or _exit_code(session, pod)
        from knarr.cli.node_calls import logs  # noqa: PLC0415

        target = pb.ContainerTarget(namespace=session.namespace, pod=name)
        for piece in logs(session.client, pb.LogsRequest(target=target)):
            _write(1, piece)
        return _exit_code(session, session.client.get(kind, session.namespace, name))
    finally:
        if arguments.values.get("rm"):
            _remove(session, arguments, name)


def _running(session: Session, arguments: Arguments, name: str) -> Json:
    """A pod once it runs or has ended. Raise CliError when that takes too long."""
    timeout_s = seconds_of(str(arguments.values.get("pod-running-timeout") or "60s"))
    kind, selection = session.resources.find("pods"), Selection(fields=f"metadata.name={name}")
    page = session.client.list(kind, session.namespace, selection)
    for pod in page.objects:
        if _phase(pod) in _STARTED:
            return pod
    found = Found(kind, session.namespace, name, page.objects[0] if page.objects else {})
    about = f"pod/{name} to run"
    for change in changes_of(session, found, about, after=page.revision, timeout_s=timeout_s):
        if change.type == "DELETED":
            break
        if _phase(change.object) in _STARTED:
            return change.object
    raise CliError(f"timed out waiting for the condition: see `knarr why pod/{name}`")


def _phase(pod: Json) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _main(arguments: Arguments, pod: Json) -> str:
    """The container to join: the one that was added, else the first."""
    wanted = str(arguments.values.get("container") or "")
    return wanted or str(pod["spec"]["containers"][0]["name"])


def _exit_code(session: Session, pod: Json) -> int:
    """How a pod that is not restarted ended; 0 where it goes on."""
    if pod["spec"].get("restartPolicy") != "Never":
        return 0
    kind, name = session.resources.find("pods"), pod["metadata"]["name"]
    selection = Selection(fields=f"metadata.name={name}")
    page = session.client.list(kind, session.namespace, selection)
    changes = session.client.watch(
        kind, session.namespace, selection, after=page.revision, timeout_s=END_S
    )
    found = (change.object for change in changes if change.type != "BOOKMARK")
    for one in itertools.chain(page.objects, found):
        if _phase(one) in ("Succeeded", "Failed"):
            statuses = (one.get("status") or {}).get("containerStatuses") or [{}]
            ended = (statuses[0].get("state") or {}).get("terminated") or {}
            return int(ended.get("exitCode", 0))
    return 0


def _remove(session: Session, arguments: Arguments, name: str) -> None:
    kind = session.resources.find("pods")
    options: Json = {}
    grace_s = arguments.values.get("grace-period", -1)
    if arguments.values.get("force"):
        grace_s = 0
    if isinstance(grace_s, int) and grace_s >= 0:
        options["gracePeriodSeconds"] = grace_s
    with contextlib.suppress(StatusError):
        session.client.delete(kind, session.namespace, name, options)
    session.say(f'pod "{name}" deleted from {session.namespace} namespace')


def _until_none(inputs: "queue.Queue[pb.TerminalInput | None]") -> Iterator[pb.TerminalInput]:
    while True:
        one = inputs.get()
        if one is None:
            return
        yield one


def _read_stdin(inputs: "queue.Queue[pb.TerminalInput | None]", keys: bytes) -> None:
    typed = b""
    while True:
        data = os.read(0, PIECE_BYTES)
        if not data:
            inputs.put(pb.TerminalInput(stdin_closed=True))
            return
        typed = (typed + data)[-len(keys) :] if keys else b""
        if keys and typed == keys:
            _thread.interrupt_main()
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

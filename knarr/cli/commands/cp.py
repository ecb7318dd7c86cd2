"""`cp`: files to and from containers, by tar."""

import contextlib
import io
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, number, text, truth
from knarr.cli.node_calls import terminal
from knarr.cli.pods_of import default_container
from knarr.cli.session import Session
from knarr.proto import node_pb2 as pb

PIECE_BYTES = 64 * 1024


def run(session: Session, arguments: Arguments) -> int | None:
    """Copy."""
    if len(arguments.words) != 2:
        raise CliError("source and destination are required")
    source, goal = (_place(word) for word in arguments.words)
    if not source[0] and not goal[0]:
        raise CliError("one of src or dest must be a remote file specification")
    if source[0] and goal[0]:
        raise CliError("one of src or dest must be a local file specification")
    if source[0]:
        _from_container(session, arguments, source[0], source[1], Path(goal[1]))
    else:
        _to_container(session, arguments, Path(source[1]), goal[0], goal[1])
    return None


def _place(word: str) -> tuple[str, str]:
    """A pod (empty for here) and a path."""
    pod, colon, path = word.partition(":")
    if not colon or word.startswith((".", "/")):
        return "", word
    if not pod or not path:
        raise CliError(f"filepath cannot be empty: {word}")
    return pod, path


def _start(
    session: Session, arguments: Arguments, word: str, command: list[str], *, stdin: bool
) -> pb.TerminalStart:
    namespace, slash, name = word.rpartition("/")
    kind = session.resources.find("pods")
    pod = session.client.get(kind, namespace if slash else session.namespace, name)
    container = default_container(session, pod, arguments.text("container"))
    return pb.TerminalStart(
        target=pb.ContainerTarget(
            namespace=pod["metadata"]["namespace"], pod=name, container=container
        ),
        command=command,
        stdin=stdin,
        stdout=True,
        stderr=True,
    )


def _run(session: Session, inputs: Iterator[pb.TerminalInput]) -> bytes:
    out, err = io.BytesIO(), io.BytesIO()
    for output in terminal(session.client, "Exec", inputs):
        match output.WhichOneof("output"):
            case "stdout":
                out.write(output.stdout)
            case "stderr":
                err.write(output.stderr)
            case "exit":
                if output.exit.code or output.exit.error:
                    words = err.getvalue().decode(errors="replace").strip() or output.exit.error
                    raise CliError(f"the copy failed in the container: {words}")
                break
    return out.getvalue()


def _from_container(
    session: Session, arguments: Arguments, pod: str, path: str, goal: Path
) -> None:
    start = _start(session, arguments, pod, ["tar", "cf", "-", path], stdin=False)

    def inputs() -> Iterator[pb.TerminalInput]:
        yield pb.TerminalInput(start=start)

    data = _run(session, inputs())
    prefix = path.lstrip("/").rstrip("/")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            rest = os.path.relpath(member.name.lstrip("/"), prefix)
            if rest.startswith(".."):
                continue
            target = goal if rest == "." else goal / rest
            if rest == "." and goal.is_dir() and member.isfile():
                target = goal / PurePosixPath(path).name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            file = archive.extractfile(member) if member.isfile() else None
            if file is None:
                session.tell(f"warning: skipping link or special file: {member.name}")
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read())
            if not arguments.truth("no-preserve"):
                target.chmod(member.mode & 0o777)


def _to_container(
    session: Session, arguments: Arguments, source: Path, pod: str, path: str
) -> None:
    if not source.exists():
        raise CliError(f"{source} doesn't exist in local filesystem")
    goal = PurePosixPath(path)
    folder, name = (goal, source.name) if path.endswith("/") else (goal.parent, goal.name)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=name)
    start = _start(session, arguments, pod, ["tar", "xmf", "-", "-C", str(folder)], stdin=True)

    def inputs() -> Iterator[pb.TerminalInput]:
        yield pb.TerminalInput(start=start)
        data = buffer.getvalue()
        for at in range(0, len(data), PIECE_BYTES):
            yield pb.TerminalInput(stdin=data[at : at + PIECE_BYTES])
        yield pb.TerminalInput(stdin_closed=True)

    with contextlib.suppress(BrokenPipeError):
        _run(session, inputs())
    sys.stdout.flush()


COMMAND = Command(
    about="Copy files and folders to and from containers. The image must have tar.",
    usage="cp <file-spec-src> <file-spec-dest>",
    examples="""
# Copy a file into a pod
knarr cp web.yaml web:/tmp/copied.yaml

# Copy it back
knarr cp web:/tmp/copied.yaml back.yaml
""",
    flags=(
        text("container", "c", help="Container name"),
        truth("no-preserve", help="Do not keep the files' modes"),
        number("retries", help="Ignored"),
    ),
    run=run,
)

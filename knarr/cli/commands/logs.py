"""`logs`: what containers wrote."""

import sys
import threading
from collections.abc import Iterator
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, duration, number, text, truth
from knarr.cli.node_calls import logs
from knarr.cli.pods_of import container_names, default_container, pods_behind
from knarr.cli.selecting import find_one
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError
from knarr.proto import node_pb2 as pb

Json = dict[str, Any]

REQUESTS_MAX = 5
"""So many containers are followed at once unless --max-log-requests says otherwise."""

SELECTED_TAIL = 10
"""Lines shown of each pod that a selector found, unless --tail says otherwise."""

_COLOURS = (36, 33, 32, 35, 34, 31)


def run(session: Session, arguments: Arguments) -> int | None:
    """Print the logs of all containers that are meant."""
    sources = _sources(session, arguments)
    follows = arguments.truth("follow")
    if follows and len(sources) > arguments.number("max-log-requests"):
        raise CliError(
            f"you are attempting to follow {len(sources)} log streams, but maximum allowed "
            f"concurrency is {arguments.number('max-log-requests')}, use --max-log-requests to "
            "increase the limit"
        )
    if follows and len(sources) > 1:
        _together(session, arguments, sources)
        return None
    for place, source in enumerate(sources):
        _print(session, arguments, source, _prefix(arguments, source, place))
    return None


def _sources(session: Session, arguments: Arguments) -> list[tuple[Json, str]]:
    pods, is_selected = _pods(session, arguments)
    if not pods:
        session.tell(f"No resources found in {session.namespace} namespace.")
    container = arguments.text("container")
    everything = arguments.truth("all-containers")
    sources = []
    for pod in pods:
        if everything:
            sources += [(pod, name) for name in container_names(pod)]
        else:
            sources.append((pod, default_container(session, pod, container, quiet=is_selected)))
    return sources


def _pods(session: Session, arguments: Arguments) -> tuple[list[Json], bool]:
    words, selector = list(arguments.words), arguments.text("selector")
    if selector:
        if words:
            raise CliError("only a selector (-l) or a POD name is allowed")
        kind = session.resources.find("pods")
        return session.client.list(
            kind, session.namespace, Selection(labels=selector)
        ).objects, True
    if not words:
        raise PlainError(
            "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
            "POD or TYPE/NAME is a required argument for the logs command\n"
            f"See '{session.program} logs -h' for help and examples"
        )
    if len(words) == 2 and not arguments.text("container"):
        arguments.values["container"] = words.pop()
    return _pods_of_word(session, arguments, words[0])


def _pods_of_word(session: Session, arguments: Arguments, word: str) -> tuple[list[Json], bool]:
    found = find_one(session, [word if "/" in word else f"pod/{word}"])
    if found.kind.name == "Pod":
        return [found.object], False
    pods = pods_behind(session, found)
    if not pods:
        raise CliError(f"no pods found for {found.label}: see `{session.program} why {word}`")
    if arguments.truth("all-pods"):
        return pods, True
    if len(pods) > 1:
        session.tell(f"Found {len(pods)} pods, using pod/{pods[0]['metadata']['name']}")
    return pods[:1], False


def _request(arguments: Arguments, source: tuple[Json, str]) -> pb.LogsRequest:
    pod, container = source
    request = pb.LogsRequest(
        target=pb.ContainerTarget(
            namespace=pod["metadata"]["namespace"],
            pod=pod["metadata"]["name"],
            container=container,
        ),
        follow=arguments.truth("follow"),
        previous=arguments.truth("previous"),
        timestamps=arguments.truth("timestamps"),
        since_time=arguments.text("since-time"),
    )
    tail = arguments.number("tail")
    if tail < 0 and arguments.text("selector") and "tail" not in arguments.given:
        tail = SELECTED_TAIL
    if tail >= 0:
        request.tail_lines = tail
    if arguments.number("limit-bytes"):
        request.limit_bytes = arguments.number("limit-bytes")
    if arguments.seconds("since"):
        request.since_seconds = max(int(arguments.seconds("since")), 1)
    return request


def _prefix(arguments: Arguments, source: tuple[Json, str], place: int) -> bytes:
    if not arguments.truth("prefix"):
        return b""
    pod, container = source
    text_of_it = f"[pod/{pod['metadata']['name']}/{container}]"
    if sys.stdout.isatty():
        text_of_it = f"\x1b[{_COLOURS[place % len(_COLOURS)]}m{text_of_it}\x1b[0m"
    return f"{text_of_it} ".encode()


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def _print(session: Session, arguments: Arguments, source: tuple[Json, str], prefix: bytes) -> None:
    pieces = logs(session.client, _request(arguments, source))
    out = sys.stdout.buffer if hasattr(sys.stdout, "buffer") else None
    sys.stdout.flush()
    try:
        for piece in _lines(pieces) if prefix else pieces:
            if out is None:
                sys.stdout.write((prefix + piece).decode(errors="replace"))
            else:
                out.write(prefix + piece)
                out.flush()
    except StatusError as error:
        if not arguments.truth("ignore-errors"):
            raise
        session.tell(f"error: {error.message}")


def _together(session: Session, arguments: Arguments, sources: list[tuple[Json, str]]) -> None:
    """Follow several containers at once, each in a thread of its own."""
    failures: list[Exception] = []

    def follow(place: int, source: tuple[Json, str]) -> None:
        try:
            _print(session, arguments, source, _prefix(arguments, source, place))
        except (StatusError, CliError) as error:
            failures.append(error)

    session.client  # noqa: B018  # made once, before the threads share it
    threads = [
        threading.Thread(target=follow, args=(place, source), daemon=True)
        for place, source in enumerate(sources)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


COMMAND = Command(
    about="Print what the containers of a pod, or of the pods of a workload, wrote.",
    usage="logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    examples="""
# Print the logs of a pod
knarr logs web

# Print the last five lines of each container of each pod with a label
knarr logs -l app=web --all-containers --tail=5 --prefix

# Print the logs of a deployment's first pod since an hour ago
knarr logs deployment/web --since=1h
""",
    flags=(
        text("selector", "l", help="Selector (label query) to filter on"),
        text("container", "c", help="Print the logs of this container"),
        truth("all-containers", help="Get all containers' logs in the pod(s)"),
        truth("all-pods", help="Get logs from all pods of the workload; sets prefix"),
        truth("follow", "f", help="Specify if the logs should be streamed"),
        truth("previous", "p", help="Print the logs of the container's run before this one"),
        truth("timestamps", help="Include timestamps on each line in the log output"),
        truth("prefix", help="Prefix each log line with the pod name and container name"),
        truth("ignore-errors", help="Go on when a log cannot be read"),
        number("tail", default=-1, help="Lines of recent log to display, -1 for all"),
        number("limit-bytes", help="Maximum bytes of logs to return"),
        number("max-log-requests", default=REQUESTS_MAX, help="How many logs are followed at once"),
        duration("since", help="Only return logs newer than a duration like 5s, 2m, or 3h"),
        text("since-time", help="Only return logs after a specific date (RFC3339)"),
        text("pod-running-timeout", default="20s", help="How long to wait until a pod runs"),
        truth("insecure-skip-tls-verify-backend", help="Ignored"),
    ),
    run=run,
)

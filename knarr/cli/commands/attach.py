"""`attach`: join the main process of a container."""

from knarr.cli.attaching import carry, detach_keys, start_of
from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.pods_of import default_container, pod_of
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """Join it."""
    if len(arguments.words) != 1:
        raise CliError("at least 1 argument is required for attach")
    pod = pod_of(session, arguments.words[0])
    container = default_container(session, pod, arguments.text("container"))
    stdin, tty = arguments.truth("stdin"), arguments.truth("tty")
    start = start_of(pod, container, [], stdin=stdin, tty=tty)
    return carry(session, "Attach", start, detach=detach_keys(arguments.text("detach-keys")))


COMMAND = Command(
    about="Join the main process of a container: see its output, and type for it.",
    usage="attach (POD | TYPE/NAME) [-c CONTAINER]",
    examples="""
# See what a container writes from now on
knarr attach web
""",
    flags=(
        text("container", "c", help="Container name"),
        truth("stdin", "i", help="Pass stdin to the container"),
        truth("tty", "t", help="Stdin is a TTY"),
        truth("quiet", "q", help="Only print output from the remote session"),
        text("detach-keys", default="ctrl-p,ctrl-q", help="Keys that leave the container running"),
        text("pod-running-timeout", default="1m", help="How long to wait until the pod runs"),
    ),
    run=run,
)

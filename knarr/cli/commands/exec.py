"""`exec`: a command in a container."""

from knarr.cli.attaching import carry, start_of
from knarr.cli.command import Command
from knarr.cli.failures import CliError, ExitError, PlainError
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.pods_of import default_container, pod_of
from knarr.cli.resources import label
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """Run the command; its exit status is ours."""
    words = list(arguments.words)
    if arguments.list("filename"):
        words[:0] = [f"{label(one.kind)}/{one.name}" for one in files_of(session, arguments)[:1]]
    command = arguments.after_dash if arguments.after_dash is not None else words[1:]
    if not words:
        raise PlainError(
            "error: pod, type/name or --filename must be specified\n"
            f"See '{session.program} exec -h' for help and examples"
        )
    if not command:
        raise CliError("you must specify at least one command for the container")
    pod = pod_of(session, words[0])
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise CliError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    wanted, quiet = arguments.text("container"), arguments.truth("quiet")
    container = default_container(session, pod, wanted, quiet=quiet)
    stdin, tty = arguments.truth("stdin"), arguments.truth("tty")
    start = start_of(pod, container, list(command), stdin=stdin, tty=tty)
    code = carry(session, "Exec", start)
    if code:
        session.tell(f"command terminated with exit code {code}")
        raise ExitError(code)
    return None


COMMAND = Command(
    about="Run a command in a container.",
    usage="exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
    examples="""
# Run a command in the first container of a pod
knarr exec web -- date

# Open a shell
knarr exec -it web -- sh -c true
""",
    flags=(
        text("container", "c", help="Container name"),
        truth("stdin", "i", help="Pass stdin to the container"),
        truth("tty", "t", help="Stdin is a TTY"),
        truth("quiet", "q", help="Only print output from the remote session"),
        *file_flags("to use to exec into the resource"),
        text("pod-running-timeout", default="1m", help="How long to wait until the pod runs"),
    ),
    run=run,
)

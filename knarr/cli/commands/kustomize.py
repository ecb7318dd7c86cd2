"""`kustomize`: a clear no."""

from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """Say what to do instead."""
    folder = arguments.words[0] if arguments.words else "DIR"
    raise CliError(
        f"kustomizations are not built here; use the program itself: kustomize build {folder} | "
        f"{session.program} apply -f -"
    )


COMMAND = Command(
    about="Kustomizations are not built by this command; it says what to use.",
    usage="kustomize DIR",
    examples="""
# Build a kustomization with the program of that name
knarr kustomize overlay
""",
    run=run,
)

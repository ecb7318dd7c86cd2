"""`options`: the flags that all commands take."""

from knarr.cli.command import Command
from knarr.cli.flag_examples import example_of
from knarr.cli.flags import Arguments, help_of
from knarr.cli.session import GLOBAL_FLAGS, Session


def run(session: Session, arguments: Arguments) -> int | None:
    """Print them."""
    session.say("The following options can be passed to any command:\n")
    session.write(help_of(GLOBAL_FLAGS, lambda flag: example_of("options", flag)))
    return None


COMMAND = Command(
    about="Print the flags that all commands take.",
    usage="options",
    examples="""
# Print them
knarr options
""",
    run=run,
)

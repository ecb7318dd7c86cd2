"""`api-versions`: the groups and versions that the cluster serves."""

from knarr.cli.command import Command
from knarr.cli.flags import Arguments
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """List them."""
    for api_version in sorted({kind.api_version for kind in session.resources.all()}):
        session.say(api_version)
    return None


COMMAND = Command(
    about='Print the API groups and versions that the cluster serves, as "group/version".',
    usage="api-versions",
    examples="""
# Print them
knarr api-versions
""",
    run=run,
)

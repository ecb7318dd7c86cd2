"""`uncordon`: a node takes pods again."""

from knarr.cli.command import Command
from knarr.cli.flags import Arguments, text
from knarr.cli.node_changes import nodes_of, set_schedulable
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN


def run(session: Session, arguments: Arguments) -> int | None:
    """Uncordon the nodes that are meant."""
    for node in nodes_of(session, arguments):
        set_schedulable(session, arguments, node, schedulable=True)
    return None


COMMAND = Command(
    about="Mark nodes as schedulable again.",
    usage="uncordon NODE",
    examples="""
# Let a node take pods again
knarr uncordon node-1
""",
    flags=(DRY_RUN, text("selector", "l", help="Selector (label query) to filter on")),
    run=run,
)

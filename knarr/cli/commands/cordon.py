"""`cordon`: no new pods for a node."""

from knarr.cli.command import Command
from knarr.cli.flags import Arguments, text
from knarr.cli.node_changes import nodes_of, set_schedulable
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN


def run(session: Session, arguments: Arguments) -> int | None:
    """Cordon the nodes that are meant."""
    for node in nodes_of(session, arguments):
        set_schedulable(session, arguments, node, schedulable=False)
    return None


COMMAND = Command(
    about="Mark nodes as unschedulable: pods there stay, new ones go elsewhere.",
    usage="cordon NODE",
    examples="""
# Keep new pods from a node
knarr cordon node-1
""",
    flags=(DRY_RUN, text("selector", "l", help="Selector (label query) to filter on")),
    run=run,
)

"""`why`: what is wrong, in plain words, and what would fix it."""

import sys

from knarr.cli.command import Command
from knarr.cli.failures import PlainError, raise_all
from knarr.cli.flags import Arguments
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding
from knarr.cli.why.table import findings


def run(session: Session, arguments: Arguments) -> int | None:
    """Explain what is meant."""
    if not arguments.words:
        raise PlainError(
            "error: name what is to be explained, such as pod/web or deployment/web\n"
            f"See '{session.program} why -h' for help and examples"
        )
    words = list(arguments.words)
    found, errors = find(session, words, arguments)
    facts = Facts(session)
    for one in found:
        _tell(session, one, facts)
    raise_all(errors)
    return None


def _tell(session: Session, found: Found, facts: Facts) -> None:
    told = findings(found.object, facts)
    events = [one for one in facts.events(found.object) if one.get("type") == "Warning"]
    if not told and not events:
        session.say(f"{found.label}: nothing is wrong that can be seen")
        return
    session.say(f"{found.label}:")
    for finding in told:
        _say(session, finding)
    if not told:
        message = str(events[-1].get("message", "")).strip()
        session.say(f"  the last warning was {events[-1].get('reason')}: {message}")


def _say(session: Session, finding: Finding) -> None:
    about = f"{finding.about}: " if finding.about else ""
    cause = f"{about}{finding.cause}"
    if sys.stdout.isatty():
        cause = f"\x1b[31m{cause}\x1b[0m"
    session.say(f"  {cause}")
    if finding.cure:
        session.say(f"    fix: {finding.cure}")


COMMAND = Command(
    about=(
        "Say in plain words what is wrong with an object, and what would fix it: its owners, "
        "conditions, events, the scheduler's verdicts and what it refers to are read for you."
    ),
    usage="why (TYPE NAME | TYPE/NAME | TYPE [-l label])",
    examples="""
# Ask why a deployment is not ready
knarr why deployment/web

# Ask about all pods
knarr why pods
""",
    flags=tuple(selector_flags()),
    run=run,
)

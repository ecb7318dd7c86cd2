"""`why`: what is wrong, in plain words, and what would fix it."""

import sys
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import PlainError, raise_all
from knarr.cli.flags import Arguments
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.why.access import Asked, denied
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
    if words[0] == "access":
        return _access(session, words[1:])
    found, errors = find(session, words, arguments)
    facts = Facts(session)
    for one in found:
        _tell(session, one, facts)
    raise_all(errors)
    return None


def _access(session: Session, words: list[str]) -> int | None:
    """Explain why one may not do something; with --as, why another may not."""
    if len(words) not in (2, 3):
        raise PlainError(
            "error: say what is to be done, such as: access list pods\n"
            f"See '{session.program} why -h' for help and examples"
        )
    kind = session.resources.find(words[1])
    namespace = session.namespace if kind.namespaced else ""
    review = {"verb": words[0], "group": kind.group, "resource": kind.plural}
    review |= {"namespace": namespace, "name": words[2] if len(words) == 3 else ""}
    answer = _review(session, "SelfSubjectAccessReview", {"resourceAttributes": review})
    who = session.client.create(
        session.resources.find("selfsubjectreviews"),
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}},
    )["status"]["userInfo"]
    asked = Asked(
        words[0], kind.group, kind.plural, namespace, str(review["name"]),
        str(who["username"]), tuple(who.get("groups") or ()),
    )  # fmt: skip
    if answer.get("allowed"):
        reason = f": {answer['reason']}" if answer.get("reason") else ""
        session.say(f"{asked.user} may {asked.action}{reason}")
        return None
    session.say(f"{asked.user} may not {asked.action}:")
    oneself = session.as_oneself()
    for finding in denied(asked, Facts(oneself)):
        _say(session, finding)
    oneself.close()
    return None


def _review(session: Session, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    kind = session.resources.find(f"{name.lower()}s")
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": name, "metadata": {}, "spec": spec}
    found: dict[str, Any] = session.client.create(kind, body).get("status") or {}
    return found


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
    usage="why (TYPE NAME | TYPE/NAME | TYPE [-l label] | access VERB TYPE [NAME])",
    examples="""
# Ask why a deployment is not ready
knarr why deployment/web

# Ask about all pods
knarr why pods

# Ask why somebody may not do something
knarr why access list secrets --as=alice
""",
    flags=tuple(selector_flags()),
    run=run,
)

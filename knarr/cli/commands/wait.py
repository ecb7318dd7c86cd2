"""`wait`: until objects have a condition, a value, are there or are gone."""

import time
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, no_objects, raise_all
from knarr.cli.flags import Arguments, duration, text, truth
from knarr.cli.live import changes_of
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.jsonpath import JsonPath, relaxed, shown
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, find, named, selector_flags
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]

DAY_S = 7 * 24 * 3600.0


class _Goal:
    """What is waited for."""

    def __init__(self, spec: str) -> None:
        self.words = spec
        self.deletes = spec.lower() == "delete"
        self.creates = spec.lower() == "create"
        name, _, rest = spec.partition("=")
        self._condition, self._value, self._path = "", "true", None
        if name == "condition":
            self._condition, _, value = rest.partition("=")
            self._value = value or "true"
        elif name == "jsonpath":
            path, _, value = rest.rpartition("}")
            self._path = JsonPath(relaxed((path + "}") if path else rest))
            self._value = value.removeprefix("=") if value else ""
        elif not (self.deletes or self.creates):
            raise CliError(f'unrecognized condition: "{spec}"')

    def is_met(self, obj: Json) -> bool:
        """Whether an object is as it is to be."""
        if self.creates:
            return True
        if self.deletes:
            return False
        if self._path is not None:
            values = [shown(one) for one in self._path.values(obj)]
            return bool(values) and (not self._value or self._value in values)
        status = obj.get("status") or {}
        observed = status.get("observedGeneration")
        if observed is not None and observed < obj["metadata"].get("generation", 0):
            return False
        return any(
            one["type"].lower() == self._condition.lower()
            and str(one["status"]).lower() == self._value.lower()
            for one in status.get("conditions") or []
        )


def run(session: Session, arguments: Arguments) -> int | None:
    """Wait for all that is meant."""
    spec = arguments.text("for")
    if not arguments.words and not is_file_given(arguments):
        raise no_objects()
    if not spec:
        raise CliError("unrecognized condition: []")
    goal = _Goal(spec)
    timeout_s = arguments.seconds("timeout")
    ends = time.monotonic() + (DAY_S if timeout_s < 0 else timeout_s)
    found = _targets(session, arguments, goal, ends)
    if arguments.truth("local") and not all(goal.is_met(one.object) for one in found):
        raise CliError("the condition is not met in the files")
    errors: list[Exception] = []
    results = Results(session, arguments)
    for one in found:
        try:
            met = one.object if arguments.truth("local") else _wait(session, one, goal, ends)
            results.add(Found(one.kind, one.namespace, one.name, met), "condition met")
        except CliError as error:
            errors.append(error)
    raise_all(errors)
    return None


def _targets(session: Session, arguments: Arguments, goal: _Goal, ends: float) -> list[Found]:
    files = files_of(session, arguments)
    if not arguments.words:
        return files
    if goal.creates or goal.deletes:
        asked = named(session, arguments.words)
        if asked.objects:
            return [Found(kind, session.namespace, name, {}) for kind, name in asked.objects]
    found, errors = find(session, arguments.words, arguments, allow_lists=arguments.truth("all"))
    if goal.deletes:
        errors = [
            one for one in errors if not (isinstance(one, StatusError) and one.reason == "NotFound")
        ]
    raise_all(errors)
    while not found and goal.creates and time.monotonic() < ends:
        time.sleep(0.2)
        found, _ = find(session, arguments.words, arguments)
    if not found and not goal.deletes:
        raise CliError("no matching resources found")
    return found


def _wait(session: Session, found: Found, goal: _Goal, ends: float) -> Json:
    """Wait for one object; answer it as it was in the end."""
    selection = Selection(fields=f"metadata.name={found.name}")
    page = session.client.list(found.kind, found.namespace, selection)
    current = page.objects[0] if page.objects else None
    if current is None and goal.deletes:
        return found.object
    if current is None and not goal.creates:
        raise CliError(f'{found.kind.resource} "{found.name}" not found')
    if current is not None and goal.is_met(current):
        return current
    timeout_s = ends - time.monotonic()
    if timeout_s > 0:
        found.object = current or found.object
        about = f"{found.label} ({goal.words})"
        for change in changes_of(session, found, about, after=page.revision, timeout_s=timeout_s):
            if change.type == "DELETED" and goal.deletes:
                return change.object
            if change.type in ("ADDED", "MODIFIED") and goal.is_met(change.object):
                return change.object
    raise CliError(f"timed out waiting for the condition on {found.kind.plural}/{found.name}")


COMMAND = Command(
    about="Wait until objects have a condition or a value, are there, or are gone.",
    usage="wait (-f FILENAME | TYPE/NAME | TYPE -l label) --for=delete|create|condition=…|…",
    examples="""
# Wait until a pod is ready
knarr wait --for=condition=Ready pod/web --timeout=30s

# Wait until a pod runs
knarr wait --for=jsonpath={.status.phase}=Running pod/web

# Wait until a pod is gone
knarr wait --for=delete pod/gone --timeout=10s
""",
    flags=(
        *selector_flags(),
        *file_flags("identifying the resource"),
        text("for", help="[create|delete|condition=NAME[=VALUE]|jsonpath='{PATH}'=VALUE]"),
        duration("timeout", default=30.0, help="The longest to wait; negative for a week"),
        truth("all", help="Select all resources of the specified types"),
        truth("local", help="Look at the files alone, without a server"),
        *PRINT_FLAGS,
    ),
    run=run,
)

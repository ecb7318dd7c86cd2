"""`drain`: empty a node before it is taken down."""

import time
from typing import Any

from knarr.api.times import span
from knarr.cli.command import Command
from knarr.cli.commands.delete import wait_until_gone
from knarr.cli.failures import ExitError
from knarr.cli.flags import Arguments, duration, number, text, truth
from knarr.cli.node_changes import nodes_of, set_schedulable
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, dry_run_of
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]

RETRY_S = 5.0
"""An eviction that a disruption budget forbids is tried again after so long."""

MIRROR = "kubernetes.io/config.mirror"


class _Refusal(Exception):  # noqa: N818  # what stands in the way, said once
    """Why a node cannot be drained."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Drain the nodes that are meant, one after the other."""
    nodes = nodes_of(session, arguments)
    for node in nodes:
        set_schedulable(session, arguments, node, schedulable=False)
    pending: dict[str, str] = {}
    suffix = {"client": " (dry run)", "server": " (server dry run)"}
    for node in nodes:
        try:
            _drain(session, arguments, node)
            session.say(f"node/{node.name} drained{suffix.get(dry_run_of(session, arguments), '')}")
        except _Refusal as refusal:
            session.tell(
                f'error: unable to drain node "{node.name}" due to error: {refusal}, '
                "continuing command..."
            )
            pending[node.name] = str(refusal)
    if pending:
        session.tell("There are pending nodes to be drained:")
        for name in pending:
            session.tell(f" {name}")
        for words in pending.values():
            session.tell(words.replace("], ", "]\n"))
        raise ExitError(1)
    return None


def _drain(session: Session, arguments: Arguments, node: Found) -> None:
    kind = session.resources.find("pods")
    selection = Selection(
        labels=arguments.text("pod-selector"), fields=f"spec.nodeName={node.name}"
    )
    page = session.client.list(kind, "", selection)
    pods = [
        Found(kind, one["metadata"]["namespace"], one["metadata"]["name"], one)
        for one in page.objects
    ]
    chosen = _choose(session, arguments, pods)
    if dry_run_of(session, arguments) == "client":
        for pod in chosen:
            session.say(f"evicting pod {pod.namespace}/{pod.name} (dry run)")
        return
    timeout_s = arguments.seconds("timeout")
    ends = time.monotonic() + timeout_s if timeout_s else None
    for pod in chosen:
        _evict(session, arguments, node, pod, ends)
    for pod in chosen:
        left = (ends - time.monotonic()) if ends is not None else 0.0
        wait_until_gone(session, pod, {"details": _uid(pod)}, timeout_s=left)
        verb = "deleted" if arguments.truth("disable-eviction") else "evicted"
        session.say(f"pod/{pod.name} {verb}")


def _uid(pod: Found) -> Json:
    return {"uid": pod.object["metadata"]["uid"]}


def _choose(session: Session, arguments: Arguments, pods: list[Found]) -> list[Found]:
    """The pods that have to go. Raise _Refusal when some may not."""
    blocked: dict[str, list[str]] = {}
    warned: dict[str, list[str]] = {}
    chosen = []
    for pod in pods:
        problem, warning, goes = _verdict(arguments, pod)
        name = f"{pod.namespace}/{pod.name}"
        if problem:
            blocked.setdefault(problem, []).append(name)
        elif warning:
            warned.setdefault(warning, []).append(name)
        if goes and not problem:
            chosen.append(pod)
    if blocked:
        raise _Refusal(
            ", ".join(
                f"cannot delete {words}: {', '.join(names)}" for words, names in blocked.items()
            )
        )
    if warned:
        texts = [f"{words}: {', '.join(names)}" for words, names in warned.items()]
        session.tell(f"Warning: {'; '.join(texts)}")
    return chosen


def _verdict(arguments: Arguments, pod: Found) -> tuple[str, str, bool]:
    """What stands in the way of a pod's end, what to warn of, and whether it goes."""
    meta, phase = pod.object["metadata"], (pod.object.get("status") or {}).get("phase")
    if MIRROR in (meta.get("annotations") or {}):
        return "", "", False
    owners = meta.get("ownerReferences") or []
    owner = next((one for one in owners if one.get("controller")), None)
    if owner is not None and owner["kind"] == "DaemonSet":
        if not arguments.truth("ignore-daemonsets"):
            return "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", "", False
        return "", "ignoring DaemonSet-managed Pods", False
    if phase in ("Succeeded", "Failed"):
        return "", "", True
    has_data = any("emptyDir" in one for one in pod.object["spec"].get("volumes") or [])
    if has_data and not arguments.truth("delete-emptydir-data"):
        return (
            "Pods with local storage (use --delete-emptydir-data to override)",
            "",
            False,
        )
    if owner is None and not arguments.truth("force"):
        return "Pods that declare no controller (use --force to override)", "", False
    return "", "" if owner else "deleting Pods that declare no controller", True


def _evict(
    session: Session, arguments: Arguments, node: Found, pod: Found, ends: float | None
) -> None:
    grace_s = arguments.number("grace-period")
    options = {"gracePeriodSeconds": grace_s} if grace_s >= 0 else {}
    name = f'pods/"{pod.name}" -n "{pod.namespace}"'
    while True:
        session.tell(f"evicting pod {pod.namespace}/{pod.name}")
        try:
            if arguments.truth("disable-eviction"):
                session.client.delete(pod.kind, pod.namespace, pod.name, options)
            else:
                _ask_eviction(session, pod, options)
            return
        except StatusError as error:
            if error.reason == "NotFound":
                return
            if error.code != 429:
                raise _Refusal(f"error when evicting {name}: {error.message}") from None
            session.tell(
                f"error when evicting {name} (will retry after {span(RETRY_S)}): {error.message}"
            )
        left = ends - time.monotonic() if ends is not None else RETRY_S
        time.sleep(max(min(RETRY_S, left), 0))
        if ends is not None and time.monotonic() >= ends:
            _time_is_up(session, arguments, node, pod, name)


def _time_is_up(session: Session, arguments: Arguments, node: Found, pod: Found, name: str) -> None:
    limit = span(arguments.seconds("timeout"))
    words = f"error when evicting {name}: global timeout reached: {limit}"
    session.tell(
        f'There are pending pods in node "{node.name}" when an error occurred: {words}\n'
        f"pod/{pod.name}"
    )
    raise _Refusal(words)


def _ask_eviction(session: Session, pod: Found, options: Json) -> None:
    eviction: Json = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
    }
    if options:
        eviction["deleteOptions"] = options
    session.client.create(
        pod.kind, eviction, namespace=pod.namespace, name=pod.name, subresource="eviction"
    )


COMMAND = Command(
    about="Empty a node: it is cordoned and its pods are evicted, as disruption budgets allow.",
    usage="drain NODE",
    examples="""
# Say which pods would go
knarr drain node-1 --ignore-daemonsets --force --dry-run=client
""",
    flags=(
        DRY_RUN,
        text("selector", "l", help="Selector (label query) to filter on"),
        text("pod-selector", help="Label selector to filter pods on the node"),
        truth("force", help="Continue even if there are pods that declare no controller"),
        truth("ignore-daemonsets", help="Ignore DaemonSet-managed pods"),
        truth("delete-emptydir-data", help="Continue even if there are pods using emptyDir"),
        truth("disable-eviction", help="Delete the pods, past disruption budgets"),
        number("grace-period", default=-1, help="Seconds given to each pod to end"),
        number("skip-wait-for-delete-timeout", help="Ignored"),
        number("chunk-size", default=500, help="Return large lists in chunks of this size"),
        duration("timeout", help="The longest to wait, zero for as long as it takes"),
    ),
    run=run,
)

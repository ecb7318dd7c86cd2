"""From what users name to a pod: `web`, `pod/web`, `deployment/web`, `service/web`."""

from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.selecting import Found, find_one
from knarr.cli.selectors_of import pods_selector
from knarr.cli.session import Session
from knarr.client.dynamic import Selection

Json = dict[str, Any]

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def pod_of(session: Session, word: str) -> Json:
    """The pod that is meant: of a workload the first that runs. Raise CliError, StatusError."""
    if "/" not in word:
        kind = session.resources.find("pods")
        return session.client.get(kind, session.namespace, word)
    found = find_one(session, [word])
    if found.kind.name == "Pod":
        return found.object
    pods = pods_behind(session, found)
    if not pods:
        raise CliError(f"{found.label} has no pods")
    return pods[0]


def pods_behind(session: Session, found: Found) -> list[Json]:
    """The pods of a workload or service, those that run first."""
    kind = session.resources.find("pods")
    if found.kind.name == "CronJob":
        raise CliError(f"{found.label} has no pods of its own: name one of its jobs")
    selection = Selection(labels=pods_selector(found.object))
    pods = session.client.list(kind, found.namespace, selection).objects
    return sorted(pods, key=_order)


def _order(pod: Json) -> tuple[bool, bool, str]:
    conditions = (pod.get("status") or {}).get("conditions") or []
    is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    is_running = (pod.get("status") or {}).get("phase") == "Running"
    return (not is_running, not is_ready, pod["metadata"].get("creationTimestamp", ""))


def container_names(pod: Json, *, init: bool = True) -> list[str]:
    """The names of a pod's containers."""
    keys = ("initContainers", "containers", "ephemeralContainers") if init else ("containers",)
    return [one["name"] for key in keys for one in pod["spec"].get(key) or []]


def default_container(session: Session, pod: Json, wanted: str, *, quiet: bool = False) -> str:
    """The container that is meant; where that is not clear the first, and a line that says so."""
    names = container_names(pod)
    if wanted:
        if wanted not in names:
            raise CliError(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
        return wanted
    marked = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER, "")
    if marked in names:
        return str(marked)
    main = container_names(pod, init=False)
    if len(names) > 1 and not quiet:
        later = [one["name"] for one in pod["spec"].get("ephemeralContainers") or []]
        words = [
            f"{one} ({'ephem' if one in later else 'init'})" for one in names if one not in main
        ]
        listed = ", ".join([*main, *sorted(words, key=lambda one: one.endswith("(init)"))])
        session.tell(f'Defaulted container "{main[0]}" out of: {listed}')
    return main[0]

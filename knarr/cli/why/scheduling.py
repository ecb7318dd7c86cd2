"""Why a pod has no node: the scheduler's verdicts, read one by one."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from knarr.cli.why.finding import Finding, condition

Json = dict[str, Any]

_RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"Insufficient ([\w./-]*\w)",
        "too little {0} is left on {count}",
        "ask for less {0} in resources.requests, free some, or add a node",
    ),
    (
        r"didn't match Pod's node affinity/selector",
        "the labels that nodeSelector or nodeAffinity ask for are missing on {count}",
        "label a node (knarr label node NODE KEY=VALUE), or change the pod's nodeSelector",
    ),
    (
        r"were unschedulable",
        "no new pods may go to {count}: cordoned",
        "let them take pods again: knarr uncordon NODE",
    ),
    (
        r"didn't have free ports",
        "on {count} the hostPort is taken",
        "use another hostPort or none, or add a node",
    ),
    (
        r"Too many pods",
        "as many pods as may run on {count} are there already",
        "add a node, or remove pods that are not needed",
    ),
    (
        r"didn't match pod topology spread constraints",
        "the topologySpreadConstraints would be broken on {count}",
        "add nodes in the other zones, or set whenUnsatisfiable: ScheduleAnyway",
    ),
    (
        r"didn't match pod anti-affinity rules|didn't satisfy existing pods anti-affinity",
        "on {count} a pod runs that the podAntiAffinity keeps away",
        "add a node, or make the anti-affinity preferred instead of required",
    ),
    (
        r"didn't match pod affinity rules",
        "on {count} no pod runs that the podAffinity wants near",
        "start the pod it wants to be near, or make the affinity preferred",
    ),
    (
        r"volume node affinity conflict",
        "the pod's volume cannot be reached from {count}",
        "the volume lies on another node: free that node, or make the claim anew",
    ),
    (
        r"unbound immediate PersistentVolumeClaims",
        "its claim has no volume yet",
        "see why: knarr why pvc/NAME",
    ),
    (
        r"didn't find available persistent volumes",
        "no free volume suits the claim on {count}",
        "make a PersistentVolume, or use a StorageClass that provisions",
    ),
    (
        r'persistentvolumeclaim "([^"]+)" not found',
        "the claim {0} does not exist",
        "create the PersistentVolumeClaim {0} in the pod's namespace",
    ),
)


_TAINT = re.compile(r"(?:(\d+) node\(s\) had )?untolerated taint(?:\(s\))? ?(?:\{([^}]*)\})?")


def unscheduled(
    pod: Json, nodes: Sequence[Json], has_claim: Callable[[str], bool]
) -> Iterator[Finding]:
    """What keeps a pod from getting a node."""
    spec, verdict = pod["spec"], condition(pod, "PodScheduled")
    if spec.get("nodeName"):
        return
    if spec.get("schedulingGates"):
        gates = ", ".join(one["name"] for one in spec["schedulingGates"])
        yield Finding(
            f"it waits for its scheduling gates: {gates}",
            "whoever set the gates must remove them from spec.schedulingGates",
        )
        return
    if not nodes:
        yield Finding("the cluster has no node", "join one, or start the cluster with --nodes 1")
        return
    if not verdict:
        yield _unseen(spec)
        return
    message = str(verdict.get("message", "")).partition("preemption:")[0]
    found = [*_taints(pod, message, nodes), *_verdicts(_now(message, has_claim))]
    yield from found
    if not found:
        yield Finding(f"the scheduler found no node: {message}")


def _taints(pod: Json, message: str, nodes: Sequence[Json]) -> Iterator[Finding]:
    """Which taints keep the pod away; the scheduler counts the nodes only."""
    found = _TAINT.search(message)
    if found is None:
        return
    tolerations = pod["spec"].get("tolerations") or []
    taints = {
        f"{one['key']}{'=' + one['value'] if one.get('value') else ''}:{one['effect']}": one["key"]
        for node in nodes
        for one in node["spec"].get("taints") or []
        if one["effect"] != "PreferNoSchedule" and not any(_bears(two, one) for two in tolerations)
    }
    words = found[2] or ", ".join(taints) or "that was there then"
    count = f" of {_nodes(found[1])}" if found[1] else ""
    key = next(iter(taints.values()), "KEY")
    yield Finding(
        f"the pod does not tolerate the taint {words}{count}",
        f"add a toleration to the pod, or take the taint off: knarr taint nodes NODE {key}-",
    )


def _bears(toleration: Json, taint: Json) -> bool:
    """Whether a toleration is for a taint."""
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    is_any = toleration.get("operator") == "Exists"
    return is_any or toleration.get("value", "") == taint.get("value", "")


def _now(message: str, has_claim: Callable[[str], bool]) -> str:
    """The verdict, corrected where it misses a claim that is there by now."""
    name = re.search(r'persistentvolumeclaim "([^"]+)" not found', message)
    is_there = name is not None and has_claim(name[1])
    return "unbound immediate PersistentVolumeClaims" if is_there else message


def _nodes(count: str) -> str:
    return f"{count} node{'s' if count != '1' else ''}"


def _unseen(spec: Json) -> Finding:
    scheduler = spec.get("schedulerName", "default-scheduler")
    if scheduler != "default-scheduler":
        return Finding(
            f'it wants the scheduler "{scheduler}", and none of that name has taken it up',
            "run that scheduler, or leave schedulerName out",
        )
    return Finding(
        "the scheduler has not looked at it yet", "wait a moment, then check that one runs"
    )


def _verdicts(message: str) -> Iterator[Finding]:
    for pattern, cause, cure in _RULES:
        for match in re.finditer(rf"(?:(\d+) )?(?:node\(s\) )?(?:had )?(?:{pattern})", message):
            count = _nodes(match[1]) if match[1] else "the nodes"
            words = [one.strip() for one in match.groups()[1:] if one]
            yield Finding(cause.format(*words or [""], count=count), cure.format(*words or [""]))

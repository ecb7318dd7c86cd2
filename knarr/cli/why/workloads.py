"""Why a workload has fewer pods than it should."""

from collections.abc import Iterator
from typing import Any

from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding, condition, label
from knarr.cli.why.pods import finalizers, pod

Json = dict[str, Any]

PODS_SHOWN = 3
"""Of many pods that fail alike so many are told of."""


def workload(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A deployment, replica set, stateful set or daemon set."""
    spec, status = obj["spec"], obj.get("status") or {}
    yield from finalizers(obj, facts)
    if spec.get("paused"):
        yield Finding(
            "it is paused: changes are kept back",
            f"let it go on: knarr rollout resume {label(obj)}",
        )
    wanted = spec.get("replicas", status.get("desiredNumberScheduled", 1))
    if wanted == 0 and obj["kind"] != "DaemonSet":
        yield Finding("it is scaled to zero", f"scale it: knarr scale {label(obj)} --replicas=1")
    if obj["kind"] == "DaemonSet" and not wanted:
        yield Finding(
            "no node suits its nodeSelector and tolerations",
            "label a node, or tolerate the nodes' taints",
        )
    if condition(obj, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        yield Finding(
            "the rollout made no progress within progressDeadlineSeconds",
            f"mend what is said below, or go back: knarr rollout undo {label(obj)}",
        )
    yield from _not_created(obj, facts)
    yield from below(obj, facts)


def _not_created(obj: Json, facts: Facts) -> Iterator[Finding]:
    """Why pods are refused by the server."""
    messages = [str(condition(obj, "ReplicaFailure").get("message", ""))]
    makers = facts.owned("replicasets", obj) if obj["kind"] == "Deployment" else [obj]
    for maker in makers:
        wanted = (maker.get("spec") or {}).get("replicas", 1)
        if (maker.get("status") or {}).get("replicas", 0) >= wanted and maker is not obj:
            continue
        messages += [
            str(one.get("message", ""))
            for one in facts.events(maker)
            if one.get("reason") == "FailedCreate"
        ]
    seen: set[str] = set()
    for message in messages:
        finding = refusal(message)
        if message and finding.cause not in seen:
            seen.add(finding.cause)
            yield finding


def refusal(message: str) -> Finding:
    """What a refused creation means."""
    if "exceeded quota" in message:
        return Finding(
            f"a quota forbids more pods: {message.partition('forbidden: ')[2] or message}",
            "raise the quota (knarr describe quota), or remove what uses it up",
        )
    if "must specify" in message or "failed quota" in message:
        return Finding(
            f"a quota wants every pod to say what it needs: {message}",
            "set resources.requests and limits, or make a LimitRange with defaults",
        )
    if "serviceaccount" in message and "not found" in message:
        return Finding(
            f"its service account does not exist: {message}",
            "create it: knarr create serviceaccount NAME",
        )
    if ("maximum" in message and "limit" in message) or "LimitRange" in message:
        return Finding(
            f"a limit range forbids its size: {message}", "see the limits: knarr describe limits"
        )
    if "is forbidden" in message:
        return Finding(f"the server forbids its pods: {message}", "give the right, or ask for less")
    return Finding(f"its pods cannot be created: {message}", "correct the pod template")


def below(obj: Json, facts: Facts) -> Iterator[Finding]:
    """What is wrong with an object's pods, alike findings once."""
    word = {"Deployment": "replicasets", "CronJob": "jobs"}.get(obj["kind"])
    if word:
        owners = facts.owned(word, obj)
        pods = [one for owner in owners for one in facts.owned("pods", owner)]
    else:
        pods = facts.owned("pods", obj)
    seen: dict[str, list[str]] = {}
    found: dict[str, Finding] = {}
    for one in pods:
        name = one["metadata"]["name"]
        for finding in pod({**one, "apiVersion": "v1", "kind": "Pod"}, facts):
            seen.setdefault(finding.cause, []).append(name)
            found.setdefault(finding.cause, finding)
    for cause, names in seen.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Finding(cause, found[cause].cure, about=f"pod/{names[0]}{more}")


def job(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A job."""
    yield from finalizers(obj, facts)
    if obj["spec"].get("suspend"):
        yield Finding(
            "it is suspended: no pods are made",
            f"let it run: knarr patch job {obj['metadata']['name']} --type=merge "
            '-p \'{"spec":{"suspend":false}}\'',
        )
    failed = condition(obj, "Failed")
    reasons = {
        "BackoffLimitExceeded": (
            "its pods failed more often than backoffLimit allows",
            "see why below, correct it and make the job anew",
        ),
        "DeadlineExceeded": (
            "it ran longer than activeDeadlineSeconds allows",
            "raise activeDeadlineSeconds, or make the work shorter",
        ),
        "PodFailurePolicy": ("its podFailurePolicy ended it", "see the failed pod's log"),
    }
    if failed.get("status") == "True":
        cause, cure = reasons.get(
            failed.get("reason", ""), (str(failed.get("message", "it failed")), "")
        )
        yield Finding(cause, cure)
    yield from _not_created(obj, facts)
    yield from below(obj, facts)


def cron_job(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A cron job."""
    if obj["spec"].get("suspend"):
        yield Finding(
            "it is suspended: no jobs are made",
            f"let it run: knarr patch cronjob {obj['metadata']['name']} --type=merge "
            '-p \'{"spec":{"suspend":false}}\'',
        )
    for one in facts.events(obj):
        if one.get("reason") in ("UnknownTimeZone", "UnparseableSchedule", "TooManyMissedTimes"):
            yield Finding(str(one.get("message", "")), "correct schedule and timeZone")
    if not (obj.get("status") or {}).get("lastScheduleTime") and not obj["spec"].get("suspend"):
        yield Finding(
            f"its time has not come yet: the schedule is {obj['spec'].get('schedule')}",
            f"run it by hand: knarr create job NAME --from=cronjob/{obj['metadata']['name']}",
        )
    yield from below(obj, facts)


def scaler(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A horizontal pod autoscaler."""
    for name in ("AbleToScale", "ScalingActive"):
        found = condition(obj, name)
        if found.get("status") == "False":
            yield Finding(
                f"it cannot scale: {found.get('message', '')}",
                "check scaleTargetRef, and that the pods have requests and metrics are served",
            )
    limited = condition(obj, "ScalingLimited")
    if limited.get("status") == "True":
        yield Finding(
            f"it stands at its limit: {limited.get('message', '')}",
            "raise maxReplicas or lower minReplicas",
        )

"""How far a rollout is, and what the earlier versions of a workload were."""

from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.selecting import Found
from knarr.cli.selectors_of import selector_text
from knarr.cli.session import Session
from knarr.client.dynamic import Selection

Json = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"


def progress(found: Found, revision: int = 0) -> tuple[str, bool]:
    """What is to be said of a rollout, and whether it is done. Raise CliError when it failed."""
    obj = found.object
    if found.kind.name == "Deployment":
        return _deployment(obj, revision)
    if found.kind.name == "DaemonSet":
        return _daemon_set(obj)
    if found.kind.name == "StatefulSet":
        return _stateful_set(obj)
    raise CliError(f"no status viewer has been implemented for {found.kind.name}")


def _is_observed(obj: Json) -> bool:
    observed = (obj.get("status") or {}).get("observedGeneration", 0)
    return bool(obj["metadata"].get("generation", 0) <= observed)


def _deployment(obj: Json, revision: int) -> tuple[str, bool]:
    name, spec, status = obj["metadata"]["name"], obj["spec"], obj.get("status") or {}
    current = int((obj["metadata"].get("annotations") or {}).get(REVISION, 0))
    if revision and current != revision:
        raise CliError(
            f"desired revision ({revision}) is different from the running revision ({current})"
        )
    if not _is_observed(obj):
        return "Waiting for deployment spec update to be observed...", False
    reasons = {one["type"]: one.get("reason") for one in status.get("conditions") or []}
    if reasons.get("Progressing") == "ProgressDeadlineExceeded":
        raise CliError(f'deployment "{name}" exceeded its progress deadline')
    wanted = spec.get("replicas", 1)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    head = f'Waiting for deployment "{name}" rollout to finish:'
    if updated < wanted:
        return f"{head} {updated} out of {wanted} new replicas have been updated...", False
    if total > updated:
        return f"{head} {total - updated} old replicas are pending termination...", False
    if available < updated:
        return f"{head} {available} of {updated} updated replicas are available...", False
    return f'deployment "{name}" successfully rolled out', True


def _daemon_set(obj: Json) -> tuple[str, bool]:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    if ((obj["spec"].get("updateStrategy") or {}).get("type")) == "OnDelete":
        raise CliError("rollout status is only available for RollingUpdate strategy type")
    if not _is_observed(obj):
        return "Waiting for daemon set spec update to be observed...", False
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    head = f'Waiting for daemon set "{name}" rollout to finish:'
    if updated < wanted:
        return f"{head} {updated} out of {wanted} new pods have been updated...", False
    if available < wanted:
        return f"{head} {available} of {wanted} updated pods are available...", False
    return f'daemon set "{name}" successfully rolled out', True


def _stateful_set(obj: Json) -> tuple[str, bool]:
    spec, status = obj["spec"], obj.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        raise CliError("rollout status is only available for RollingUpdate strategy type")
    if not _is_observed(obj):
        return "Waiting for statefulset spec update to be observed...", False
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < wanted:
        return f"Waiting for {wanted - ready} pods to be ready...", False
    updated = status.get("updatedReplicas", 0)
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if partition:
        if updated < wanted - partition:
            return (
                f"Waiting for partitioned roll out to finish: {updated} out of "
                f"{wanted - partition} new pods have been updated...",
                False,
            )
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    revision = status.get("updateRevision", "")
    if revision != status.get("currentRevision"):
        return (
            f"waiting for statefulset rolling update to complete {updated} pods at revision "
            f"{revision}...",
            False,
        )
    there = status.get("currentReplicas", 0)
    return f"statefulset rolling update complete {there} pods at revision {revision}...", True


def revisions(session: Session, found: Found) -> dict[int, Json]:
    """The earlier versions of a workload, by number: ReplicaSets or ControllerRevisions."""
    word = "replicasets" if found.kind.name == "Deployment" else "controllerrevisions"
    if found.kind.name not in ("Deployment", "DaemonSet", "StatefulSet"):
        raise CliError(f"no history viewer has been implemented for {found.kind.name}")
    kind = session.resources.find(word)
    selection = Selection(labels=selector_text(found.object["spec"].get("selector")))
    page = session.client.list(kind, found.namespace, selection)
    uid = found.object["metadata"]["uid"]
    history: dict[int, Json] = {}
    for one in page.objects:
        owners = one["metadata"].get("ownerReferences") or []
        if not any(owner.get("controller") and owner["uid"] == uid for owner in owners):
            continue
        if word == "replicasets":
            number = int((one["metadata"].get("annotations") or {}).get(REVISION, 0))
        else:
            number = int(one.get("revision", 0))
        if number:
            history[number] = one
    return dict(sorted(history.items()))


def change_cause(revision: Json) -> str:
    """Why a version was made, as its annotation says."""
    return str((revision["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) or "<none>")


def template_of(found: Found, revision: Json) -> Json:
    """The pod template of a version."""
    if found.kind.name == "Deployment":
        template: Json = revision["spec"]["template"]
        return template
    patch = ((revision.get("data") or {}).get("spec") or {}).get("template") or {}
    return {key: value for key, value in patch.items() if key != "$patch"}

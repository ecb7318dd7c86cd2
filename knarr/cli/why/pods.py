"""Why a pod does not run, is not ready, or does not end."""

from collections.abc import Iterator
from typing import Any

from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding, is_true
from knarr.cli.why.scheduling import unscheduled

Json = dict[str, Any]

_WAITING: dict[str, tuple[str, str]] = {
    "InvalidImageName": (
        'the image name "{image}" is malformed',
        "write it as [REGISTRY/]NAME[:TAG], in lower case",
    ),
    "ErrImageNeverPull": (
        'the image "{image}" is not on the node, and imagePullPolicy is Never',
        "load the image there, or let it be pulled (IfNotPresent)",
    ),
    "ImagePullBackOff": (
        'the image "{image}" cannot be pulled: {message}',
        "check its name and tag, that the registry answers, and imagePullSecrets",
    ),
    "CreateContainerConfigError": (
        "its configuration is incomplete: {message}",
        "create what is missing in the pod's namespace, or mark the reference optional",
    ),
    "CreateContainerError": (
        "it cannot be created: {message}",
        "check command, mounts and securityContext against what the node allows",
    ),
    "RunContainerError": (
        "it cannot be started: {message}",
        "check that the command exists in the image and may be executed",
    ),
}
_WAITING["ErrImagePull"] = _WAITING["ImagePullBackOff"]
_WAITING["StartError"] = _WAITING["RunContainerError"]

_CODES: dict[int, tuple[str, str]] = {
    126: ("its command is there but may not be executed", "make the file executable"),
    127: ("its command does not exist", "check command and args: the program must be in the image"),
    137: ("it was killed (SIGKILL)", "if memory ran out raise the limit, else see who killed it"),
    139: ("it crashed (SIGSEGV)", "look at its log for what it did last"),
    143: ("it was asked to end (SIGTERM)", "see who stopped it: knarr events --for=pod/NAME"),
}


def pod(obj: Json, facts: Facts) -> Iterator[Finding]:
    """What is wrong with a pod."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    if meta.get("deletionTimestamp"):
        yield from _ending(obj, facts)
    if status.get("reason") == "Evicted":
        yield Finding(
            f"it was evicted: {status.get('message', '')}",
            "the node ran short: ask for what the pod needs in resources.requests",
        )
    if status.get("reason") == "DeadlineExceeded":
        yield Finding(
            "it ran longer than activeDeadlineSeconds allows", "raise it, or make the work shorter"
        )
    if not spec.get("nodeName") and status.get("phase", "Pending") == "Pending":
        space = meta.get("namespace", "")
        yield from unscheduled(
            obj,
            facts.list("nodes"),
            lambda name: facts.get("persistentvolumeclaims", space, name) is not None,
        )
        return
    events = facts.events(obj)
    yield from _containers(obj)
    yield from _mounts(events)
    yield from _sandbox(events)
    yield from _probes(obj, events)
    yield from _node(spec.get("nodeName", ""), facts)
    yield from _gates(obj)


def _ending(obj: Json, facts: Facts) -> Iterator[Finding]:
    finalizers = obj["metadata"].get("finalizers") or []
    if finalizers:
        yield Finding(
            f"it is to go, and waits for its finalizers: {', '.join(finalizers)}",
            "whoever set them must clean up and remove them; if that is gone for good: "
            f"knarr patch {str(obj['kind']).lower()} {obj['metadata']['name']} --type=merge "
            '-p \'{"metadata":{"finalizers":null}}\'',
        )
    elif obj["kind"] == "Pod":
        node = facts.get("nodes", "", obj["spec"].get("nodeName", "") or "-")
        if node is None or not is_true(node, "Ready"):
            yield Finding(
                "it is to go, and its node does not answer, so nobody can confirm its end",
                "bring the node back, or delete the pod with --force --grace-period=0",
            )
        else:
            yield Finding(
                "it is ending: its processes have their grace period to finish",
                "wait, or delete it with --grace-period=1",
            )


def _containers(obj: Json) -> Iterator[Finding]:
    status = obj.get("status") or {}
    images = {
        one["name"]: one.get("image", "")
        for key in ("initContainers", "containers", "ephemeralContainers")
        for one in obj["spec"].get(key) or []
    }
    for key, word in (
        ("initContainerStatuses", "init container"),
        ("containerStatuses", "container"),
    ):
        for one in status.get(key) or []:
            name = f'{word} "{one["name"]}"'
            yield from _container(name, one, images.get(one["name"], ""), obj)


def _container(name: str, status: Json, image: str, obj: Json) -> Iterator[Finding]:
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _WAITING:
        cause, cure = _WAITING[reason]
        message = str(waiting.get("message", "")).strip() or reason
        yield Finding(f"{name}: {cause.format(image=image, message=message)}", cure)
    elif reason == "CrashLoopBackOff":
        last = (status.get("lastState") or {}).get("terminated") or {}
        count = status.get("restartCount", 0)
        cause, cure = _end(last, obj)
        yield Finding(
            f"{name} ends again and again ({count} restarts): {cause}",
            f"{cure}; its last words: knarr logs {obj['metadata']['name']} --previous",
        )
    ended = state.get("terminated") or {}
    if ended and (ended.get("exitCode") or ended.get("reason") in ("OOMKilled", "Error")):
        cause, cure = _end(ended, obj)
        yield Finding(f"{name} failed: {cause}", cure)


def _end(ended: Json, obj: Json) -> tuple[str, str]:
    if ended.get("reason") == "OOMKilled":
        return "it used more memory than its limit", "raise resources.limits.memory"
    if ended.get("reason") in ("ContainerCannotRun", "StartError"):
        return (
            f"it cannot be started: {str(ended.get('message', 'no reason is known')).strip()}",
            "check command and args: the program must be there and may be executed",
        )
    code = int(ended.get("exitCode", 0))
    if code == 0:
        return (
            "its command finished at once, with success",
            "a Deployment's command must go on running; for work that ends use a Job",
        )
    if code in _CODES:
        return _CODES[code]
    return f"exit code {code}", f"see what it says: knarr logs {obj['metadata']['name']}"


def _mounts(events: list[Json]) -> Iterator[Finding]:
    failed = [one for one in events if one.get("reason") in ("FailedMount", "FailedAttachVolume")]
    if failed:
        yield Finding(
            f"a volume cannot be mounted: {failed[-1].get('message', '').strip()}",
            "create the ConfigMap, Secret or claim it names, or correct the name",
        )


def _sandbox(events: list[Json]) -> Iterator[Finding]:
    failed = [one for one in events if one.get("reason") == "FailedCreatePodSandBox"]
    if failed:
        yield Finding(
            f"the pod's network or sandbox cannot be made: {failed[-1].get('message', '')}",
            "look at the node's container engine and network",
        )


_PROBES = {
    "Liveness": "the container is restarted each time",
    "Readiness": "it gets no traffic until the probe succeeds",
    "Startup": "the container is restarted unless it starts in time",
}


def _probes(obj: Json, events: list[Json]) -> Iterator[Finding]:
    if is_true(obj, "Ready"):
        return
    for probe, meaning in _PROBES.items():
        failed = [
            one
            for one in events
            if one.get("reason") == "Unhealthy" and str(one.get("message")).startswith(probe)
        ]
        if failed:
            message = str(failed[-1]["message"]).strip().replace("\n", " ")
            yield Finding(
                f"{message}: {meaning}",
                f"check port and path of the {probe.lower()}Probe, or give it more time "
                "(initialDelaySeconds, timeoutSeconds, failureThreshold)",
            )


def _node(name: str, facts: Facts) -> Iterator[Finding]:
    if not name:
        return
    node = facts.get("nodes", "", name)
    if node is None:
        yield Finding(f"its node {name} is gone", "the pod will be removed and replaced")
    elif not is_true(node, "Ready"):
        yield Finding(f"its node {name} is not ready", f"see why: knarr why node/{name}")


def _gates(obj: Json) -> Iterator[Finding]:
    for gate in obj["spec"].get("readinessGates") or []:
        if not is_true(obj, gate["conditionType"]):
            yield Finding(
                f"its readiness gate {gate['conditionType']} is not met",
                "the controller that sets this condition has not done so",
            )


def finalizers(obj: Json, facts: Facts) -> Iterator[Finding]:
    """Why an object that is to go is still there."""
    if obj["metadata"].get("deletionTimestamp"):
        yield from _ending(obj, facts)

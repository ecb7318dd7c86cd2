"""Reads what Docker says of containers and images. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kubelet.runtime.docker import names
from kubelet.runtime.runtime import (
    Container,
    ContainerPhase,
    Image,
    Observed,
    PodRef,
    Sandbox,
)

Json = Mapping[str, Any]

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$")

START_FAILED_CODE = 128
"""The exit code of a container that could not be started, as Kubernetes shows it."""

_FAILED_TO_START = ("failed to create containerd task: ", "failed to create shim task: ")
"""What stands before the cause, as Kubernetes users know it; Docker says some of it."""


def is_sandbox(told: Json) -> bool:
    """Whether a container is a pod's sandbox."""
    return _labels(told).get(names.KIND) == "sandbox"


def uid_of(told: Json) -> str:
    """The pod's uid."""
    return _labels(told).get(names.POD_UID, "")


def pod_of(told: Json) -> PodRef:
    """The pod a container belongs to."""
    labels = _labels(told)
    return PodRef(
        labels.get(names.POD_UID, ""),
        labels.get(names.POD_NAMESPACE, ""),
        labels.get(names.POD_NAME, ""),
    )


def observed(pod: PodRef, told: Iterable[Json]) -> Observed:
    """All there is of one pod."""
    known = sorted(told, key=lambda one: str(one["Created"]))
    sandboxes = [sandbox(one) for one in known if is_sandbox(one)]
    newest = max(sandboxes, key=lambda one: one.attempt, default=None)
    return Observed(pod, newest, tuple(container(one) for one in known if not is_sandbox(one)))


def sandbox(told: Json) -> Sandbox:
    """A sandbox from what `inspect` says."""
    labels = _labels(told)
    ip = labels.get(names.POD_IP, "")
    for network in (told.get("NetworkSettings", {}).get("Networks") or {}).values():
        ip = network.get("IPAddress") or ip
    return Sandbox(
        id=told["Id"],
        attempt=int(labels.get(names.ATTEMPT, "0")),
        ready=bool(told["State"]["Running"]),
        ip=ip,
        created_at=moment(told["Created"]) or datetime.fromtimestamp(0, UTC),
    )


def container(told: Json) -> Container:
    """A container from what `inspect` says."""
    labels, state = _labels(told), told["State"]
    created_at = moment(told["Created"]) or datetime.fromtimestamp(0, UTC)
    failed = state["Status"] == "created" and state.get("Error")
    phase = _phase(state["Status"], failed=bool(failed))
    code = START_FAILED_CODE if failed else int(state["ExitCode"])
    return Container(
        id=f"docker://{told['Id']}",
        name=labels.get(names.CONTAINER_NAME, ""),
        attempt=int(labels.get(names.ATTEMPT, "0")),
        phase=phase,
        image=labels.get(names.IMAGE, told["Config"]["Image"]),
        image_id=f"docker://{told['Image']}",
        spec_hash=labels.get(names.SPEC_HASH, ""),
        created_at=created_at,
        started_at=created_at if failed else moment(state["StartedAt"]),
        finished_at=_finished_at(state, phase, created_at),
        exit_code=code if phase == "exited" else 0,
        reason=_reason(state, code, failed=bool(failed)) if phase == "exited" else "",
        message=start_failure(state["Error"]) if failed else "",
    )


def start_failure(told: str) -> str:
    """Why a container could not be started, as Kubernetes words it."""
    outer, inner = _FAILED_TO_START
    return f"{outer}{inner}{told.rpartition(inner)[2]}"


def image(told: Json) -> Image:
    """An image, from a list or from `inspect`."""
    tags = [one for one in told.get("RepoTags") or () if one != "<none>:<none>"]
    digests = [one for one in told.get("RepoDigests") or () if not one.startswith("<none>")]
    return Image(
        id=told["Id"],
        names=tuple(digests + tags),
        size_bytes=int(told["Size"]),
        user=str((told.get("Config") or {}).get("User") or ""),
    )


def moment(text: str) -> datetime | None:
    """A time of Docker's, which has nanoseconds; None for its word for never."""
    found = _TIME.match(text)
    if found is None or text.startswith("0001-"):
        return None
    micros = (found[2] or "").ljust(6, "0")[:6]
    zone = "+00:00" if found[3] == "Z" else found[3]
    return datetime.fromisoformat(f"{found[1]}.{micros}{zone}").astimezone(UTC)


def _labels(told: Json) -> Mapping[str, str]:
    labels: Mapping[str, str] = told["Config"].get("Labels") or {}
    return labels


def _phase(status: str, *, failed: bool) -> ContainerPhase:
    if status == "created" and not failed:
        return "created"
    return "running" if status in ("running", "paused", "restarting") else "exited"


def _finished_at(state: Json, phase: ContainerPhase, created_at: datetime) -> datetime | None:
    if phase != "exited":
        return None
    return moment(state["FinishedAt"]) or created_at


def _reason(state: Json, code: int, *, failed: bool) -> str:
    if failed:
        return "StartError"
    # Docker says OOMKilled also where only a child was ended and the container succeeded.
    if state.get("OOMKilled") and code != 0:
        return "OOMKilled"
    return "Completed" if code == 0 else "Error"

"""Pods and what a runtime shows of them, in one line each."""

from datetime import UTC, datetime, timedelta

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.meta.object_meta import ObjectMeta
from kubelet.runtime.runtime import Container, Observed, PodRef, Sandbox

NOW = datetime(2030, 1, 1, tzinfo=UTC)
REF = PodRef("uid-1", "default", "web")


def spec(name: str, **more: object) -> ContainerSpec:
    return ContainerSpec(name=name, image="busybox:1.28", **more)  # type: ignore[arg-type]


def pod(*containers: ContainerSpec, **more: object) -> Pod:
    wanted: dict[str, object] = {
        "containers": containers or (spec("main"),),
        "restart_policy": "Always",
        **more,
    }
    return Pod(
        metadata=ObjectMeta(name="web", namespace="default", uid="uid-1", generation=1),
        spec=PodSpec(**wanted),  # type: ignore[arg-type]
    )


def running(name: str = "main", attempt: int = 0) -> Container:
    return Container(
        id=f"{name}-{attempt}",
        name=name,
        attempt=attempt,
        phase="running",
        image="busybox:1.28",
        image_id="",
        spec_hash="a",
        created_at=NOW - timedelta(minutes=1),
        started_at=NOW - timedelta(minutes=1),
    )


def ended(name: str = "main", code: int = 0, attempt: int = 0, ago_s: float = 0.0) -> Container:
    return Container(
        id=f"{name}-{attempt}",
        name=name,
        attempt=attempt,
        phase="exited",
        image="busybox:1.28",
        image_id="",
        spec_hash="a",
        created_at=NOW - timedelta(minutes=1),
        started_at=NOW - timedelta(minutes=1),
        finished_at=NOW - timedelta(seconds=ago_s),
        exit_code=code,
    )


def observed(*containers: Container, ready: bool = True, sandbox: bool = True) -> Observed:
    made = Sandbox(
        id="s", attempt=0, ready=ready, ip="127.64.0.2", created_at=NOW - timedelta(minutes=2)
    )
    return Observed(REF, made if sandbox else None, containers)

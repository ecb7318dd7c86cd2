"""Turns a container of a pod's spec into what a runtime is given. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements
from kubelet.runtime.runtime import ContainerConfig, Mount, PodRef
from kubelet.sync.actions import Start
from kubelet.sync.env import expand

OOM_GUARANTEED, OOM_BEST_EFFORT = -997, 1000
"""What the kernel prefers to end when memory runs out, as Kubernetes weighs it."""

HASHES_KEPT_MAX = 1000
"""Containers whose hash is remembered: each look at a pod asks for it again."""


def pod_ref(pod: Pod) -> PodRef:
    """Which pod."""
    return PodRef(pod.metadata.uid, pod.metadata.namespace, pod.metadata.name)


def spec_hash(spec: ContainerSpec | EphemeralContainer) -> str:
    """Changes when a running container must be replaced: with its image and name alone.

    All else either cannot change in a pod or, like resources, changes in place.
    """
    return _hash(spec.name, spec.image)


@lru_cache(HASHES_KEPT_MAX)
def _hash(name: str, image: str) -> str:
    return sha256(f"{name}\0{image}".encode()).hexdigest()[:16]


def container_config(
    pod: Pod,
    start: Start,
    *,
    environment: Mapping[str, str],
    mounts: tuple[Mount, ...],
    node_memory_bytes: int,
    image_user: str | None = None,
) -> ContainerConfig:
    """What the runtime makes the container from."""
    spec = start.container
    pod_security = pod.spec.security_context
    return ContainerConfig(
        pod=pod_ref(pod),
        name=spec.name,
        attempt=start.attempt,
        kind=start.kind,
        image=spec.image,
        image_user=image_user,
        command=tuple(expand(word, environment) for word in spec.command),
        args=tuple(expand(word, environment) for word in spec.args),
        env=tuple(environment.items()),
        working_dir=spec.working_dir,
        mounts=mounts,
        spec_hash=spec_hash(spec),
        resources=spec.resources,
        security=spec.security_context,
        pod_security=pod_security,
        oom_score_adj=oom_score_adj(pod, spec.resources, node_memory_bytes),
        tty=spec.tty,
        stdin=spec.stdin,
        stdin_once=spec.stdin_once,
        stop_signal=(spec.lifecycle.stop_signal or "") if spec.lifecycle else "",
        target=spec.target_container_name if isinstance(spec, EphemeralContainer) else "",
    )


def oom_score_adj(pod: Pod, resources: ResourceRequirements, node_memory_bytes: int) -> int:
    """The kernel's preference, by quality of service and share of memory asked for."""
    if pod.status.qos_class == "Guaranteed":
        return OOM_GUARANTEED
    if pod.status.qos_class == "BestEffort":
        return OOM_BEST_EFFORT
    asked = resources.requests.get("memory")
    share = quantities.value(asked) * 1000 // max(node_memory_bytes, 1) if asked else 0
    return max(3, min(1000 - share, 999))

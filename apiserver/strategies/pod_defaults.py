"""What Kubernetes fills into pods and pod templates where users say nothing.

Every function answers the object itself when there is nothing to fill in.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace

from apiserver.strategies.volume_defaults import default_field, default_volume
from knarr.api import quantities
from knarr.api.core.container import Container, ContainerPort, EphemeralContainer
from knarr.api.core.env import EnvVar, EnvVarSource, ObjectFieldSelector
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.probe import HTTPGetAction, Lifecycle, LifecycleHandler, Probe
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.security import PodSecurityContext
from knarr.api.scalars import Quantity

C = TypeVar("C", Container, EphemeralContainer)
T = TypeVar("T")

GRACE_PERIOD_S = 30
"""Seconds a pod has to end by itself."""
IMAGES_REMEMBERED_MAX = 1024

_NOTHING_ASKED = ResourceRequirements()
"""On the wire as {}: only the type's own default is left out."""
_NO_SECURITY = PodSecurityContext()
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.\-\[\]:]+/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][\w.+-]*:[0-9a-fA-F]{32,}))?"
)


def default_pod(pod: Pod) -> Pod:
    """What holds for pods but not for templates, and what holds for both."""
    spec = pod.spec
    changes: dict[str, Any] = {}
    if spec.enable_service_links is None:
        changes["enable_service_links"] = True
    containers = tuple(map(_requesting_limits, spec.containers))
    init_containers = tuple(map(_requesting_limits, spec.init_containers))
    if spec.host_network:
        containers = tuple(map(_with_host_ports, containers))
        init_containers = tuple(map(_with_host_ports, init_containers))
    if spec.resources is not None and spec.resources.limits:
        changes["resources"] = _pod_requests(spec.resources, containers)
    spec = replace(spec, containers=containers, init_containers=init_containers, **changes)
    return replace(pod, spec=default_pod_spec(spec))


def _requesting_limits(container: Container) -> Container:
    """Who limits a resource and does not say what is requested requests the limit."""
    limits, requests = container.resources.limits, container.resources.requests
    missing = {name: limits[name] for name in limits if name not in requests}
    if not missing:
        return container
    resources = replace(container.resources, requests={**requests, **missing})
    return replace(container, resources=resources)


def _with_host_ports(container: Container) -> Container:
    def with_host_port(port: ContainerPort) -> ContainerPort:
        return port if port.host_port else replace(port, host_port=port.container_port)

    return replace(container, ports=tuple(map(with_host_port, container.ports)))


def _pod_requests(
    resources: ResourceRequirements, containers: tuple[Container, ...]
) -> ResourceRequirements:
    requests = dict(resources.requests)
    summed: dict[str, Quantity] = {}
    for container in containers:
        for name, amount in container.resources.requests.items():
            summed[name] = quantities.add(summed[name], amount) if name in summed else amount
    for name, amount in summed.items():
        if name in ("cpu", "memory"):
            requests.setdefault(name, amount)
    for name, amount in resources.limits.items():
        requests.setdefault(name, amount)
    return replace(resources, requests=requests)


def default_pod_spec(spec: PodSpec) -> PodSpec:
    """What holds for the specs of pods and of templates."""
    account = spec.service_account_name or spec.service_account
    grace = spec.termination_grace_period_seconds
    return replace(
        spec,
        dns_policy=spec.dns_policy or "ClusterFirst",
        restart_policy=spec.restart_policy or "Always",
        scheduler_name=spec.scheduler_name or "default-scheduler",
        security_context=spec.security_context or _NO_SECURITY,
        service_account=account,
        service_account_name=account,
        termination_grace_period_seconds=GRACE_PERIOD_S if grace is None else grace,
        containers=_each(default_container, spec.containers),
        init_containers=_each(default_container, spec.init_containers),
        ephemeral_containers=_each(default_container, spec.ephemeral_containers),
        volumes=_each(default_volume, spec.volumes),
        overhead=whole_milli(spec.overhead),
    )


def _each(fill: Callable[[T], T], items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(fill(item) for item in items) if items else items


def default_container(container: C) -> C:
    """What every container gets."""
    return replace(
        container,
        image_pull_policy=container.image_pull_policy or _pull_policy(container.image),
        termination_message_path=container.termination_message_path or "/dev/termination-log",
        termination_message_policy=container.termination_message_policy or "File",
        resources=_default_resources(container.resources),
        ports=_each(_default_port, container.ports),
        env=_each(_default_env, container.env),
        liveness_probe=_default_probe(container.liveness_probe),
        readiness_probe=_default_probe(container.readiness_probe),
        startup_probe=_default_probe(container.startup_probe),
        lifecycle=_default_lifecycle(container.lifecycle),
    )


@lru_cache(IMAGES_REMEMBERED_MAX)
def _pull_policy(image: str) -> str:
    found = _IMAGE.fullmatch(image)
    if found is None:
        return "IfNotPresent"
    tag = found["tag"] or ("" if found["digest"] else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def _default_resources(resources: ResourceRequirements) -> ResourceRequirements:
    if not resources.limits and not resources.requests:
        return resources if resources.claims else _NOTHING_ASKED
    limits, requests = whole_milli(resources.limits), whole_milli(resources.requests)
    if limits is resources.limits and requests is resources.requests:
        return resources
    return replace(resources, limits=limits, requests=requests)


def whole_milli(amounts: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
    """Amounts rounded up to thousandths, the finest that resources know."""
    if all(quantities.parse(amount).nanos % 1_000_000 == 0 for amount in amounts.values()):
        return amounts
    return {
        name: quantities.from_milli(quantities.milli(amount), quantities.parse(amount).family)
        for name, amount in amounts.items()
    }


def _default_port(port: ContainerPort) -> ContainerPort:
    return port if port.protocol else replace(port, protocol="TCP")


def _default_env(variable: EnvVar) -> EnvVar:
    source = variable.value_from
    if source is None:
        return variable
    changes: dict[str, ObjectFieldSelector | Any] = {}
    if source.field_ref is not None and not source.field_ref.api_version:
        changes["field_ref"] = default_field(source.field_ref)
    if source.resource_field_ref is not None and source.resource_field_ref.divisor is None:
        changes["resource_field_ref"] = replace(source.resource_field_ref, divisor=Quantity("0"))
    if not changes:
        return variable
    filled: EnvVarSource = replace(source, **changes)
    return replace(variable, value_from=filled)


def _default_probe(probe: Probe | None) -> Probe | None:
    if probe is None:
        return None
    grpc = probe.grpc
    if grpc is not None and grpc.service is None:
        grpc = replace(grpc, service="")
    return replace(
        probe,
        timeout_seconds=probe.timeout_seconds or 1,
        period_seconds=probe.period_seconds or 10,
        success_threshold=probe.success_threshold or 1,
        failure_threshold=probe.failure_threshold or 3,
        http_get=_default_http_get(probe.http_get),
        grpc=grpc,
    )


def _default_http_get(action: HTTPGetAction | None) -> HTTPGetAction | None:
    if action is None:
        return None
    return replace(action, path=action.path or "/", scheme=action.scheme or "HTTP")


def _default_lifecycle(lifecycle: Lifecycle | None) -> Lifecycle | None:
    if lifecycle is None:
        return None
    return replace(
        lifecycle,
        post_start=_default_handler(lifecycle.post_start),
        pre_stop=_default_handler(lifecycle.pre_stop),
    )


def _default_handler(handler: LifecycleHandler | None) -> LifecycleHandler | None:
    if handler is None or handler.http_get is None:
        return handler
    return replace(handler, http_get=_default_http_get(handler.http_get))

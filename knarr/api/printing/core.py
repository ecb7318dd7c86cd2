"""Table lines of core/v1, but for pods, services and volumes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from knarr.api.core.component_status import ComponentStatus
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.endpoints import Endpoints, EndpointSubset
from knarr.api.core.event import Event
from knarr.api.core.limit_range import LimitRange
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node
from knarr.api.core.pod_template import PodTemplate
from knarr.api.core.references import ObjectReference
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.core.resource_quota import ResourceQuota
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.printing.cells import (
    NONE,
    UNKNOWN,
    age,
    containers_and_images,
    created,
    labels,
    since,
    some,
)

ENDPOINTS_SHOWN_MAX = 3
"""Addresses that one line has room for."""

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def component_status_row(component: ComponentStatus, now: datetime) -> Sequence[Any]:
    """Name, health, message, error."""
    status, message, error = "Unknown", "", ""
    for condition in component.conditions:
        if condition.type == "Healthy":
            status = {"True": "Healthy", "False": "Unhealthy"}.get(condition.status, "Unknown")
            message, error = condition.message, condition.error
    return [component.metadata.name, status, message, error]


def config_map_row(config: ConfigMap, now: datetime) -> Sequence[Any]:
    """Name, number of keys, age."""
    keys = len(config.data) + len(config.binary_data)
    return [config.metadata.name, keys, age(config.metadata, now)]


def secret_row(secret: Secret, now: datetime) -> Sequence[Any]:
    """Name, type, number of keys, age."""
    return [secret.metadata.name, secret.type, len(secret.data), age(secret.metadata, now)]


def service_account_row(account: ServiceAccount, now: datetime) -> Sequence[Any]:
    """Name, age."""
    return [account.metadata.name, age(account.metadata, now)]


def namespace_row(namespace: Namespace, now: datetime) -> Sequence[Any]:
    """Name, phase, age."""
    return [namespace.metadata.name, namespace.status.phase, age(namespace.metadata, now)]


def limit_range_row(limits: LimitRange, now: datetime) -> Sequence[Any]:
    """Name, moment of creation."""
    return [limits.metadata.name, created(limits.metadata)]


def pod_template_row(template: PodTemplate, now: datetime) -> Sequence[Any]:
    """Name, containers, images, labels of the pods."""
    inner = template.template
    return [
        template.metadata.name,
        *containers_and_images(inner),
        labels(inner.metadata.labels if inner is not None else {}),
    ]


def replication_controller_row(controller: ReplicationController, now: datetime) -> Sequence[Any]:
    """Name, desired, current, ready, age, containers, images, selector."""
    return [
        controller.metadata.name,
        controller.spec.replicas or 0,
        controller.status.replicas,
        controller.status.ready_replicas,
        age(controller.metadata, now),
        *containers_and_images(controller.spec.template),
        labels(controller.spec.selector),
    ]


def resource_quota_row(quota: ResourceQuota, now: datetime) -> Sequence[Any]:
    """Name, used of the requests, used of the limits, age."""
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(quota.status.hard):
        told = f"{name}: {quota.status.used.get(name, '0')}/{quota.status.hard[name]}"
        (limits if name.startswith("limits") else requests).append(told)
    return [
        quota.metadata.name,
        ", ".join(requests),
        ", ".join(limits),
        age(quota.metadata, now),
    ]


def endpoints_row(endpoints: Endpoints, now: datetime) -> Sequence[Any]:
    """Name, addresses with ports, age."""
    return [
        endpoints.metadata.name,
        _addresses(endpoints.subsets),
        age(endpoints.metadata, now),
    ]


def _addresses(subsets: Sequence[EndpointSubset]) -> str:
    return some(list(_each_address(subsets)), at_most=ENDPOINTS_SHOWN_MAX, empty=NONE)


def _each_address(subsets: Sequence[EndpointSubset]) -> Iterator[str]:
    for subset in subsets:
        if not subset.ports:
            yield from (address.ip for address in subset.addresses)
        for port in subset.ports:
            for address in subset.addresses:
                ip = f"[{address.ip}]" if ":" in address.ip else address.ip
                yield f"{ip}:{port.port}"


def event_row(event: Event, now: datetime) -> Sequence[Any]:
    """Last seen, type, reason, object, part, source, message, first seen, count, name."""
    first = since(event.first_timestamp, now)
    if event.first_timestamp is None:
        first = since(event.event_time, now)
    last, count = first, event.count
    if event.series is not None:
        last, count = since(event.series.last_observed_time, now), event.series.count
    elif event.last_timestamp is not None:
        last = since(event.last_timestamp, now)
    if not count:
        count = 1
    return [
        last,
        event.type,
        event.reason,
        _object(event.involved_object),
        event.involved_object.field_path,
        _source(event),
        event.message.strip(),
        first,
        count,
        event.metadata.name,
    ]


def _object(reference: ObjectReference) -> str:
    return f"{reference.kind.lower()}/{reference.name}"


def _source(event: Event) -> str:
    component = event.source.component or event.reporting_component
    host = event.source.host or event.reporting_instance
    return f"{component}, {host}" if host else component


def node_row(node: Node, now: datetime) -> Sequence[Any]:
    """Name, status, roles, age, version; addresses, system, kernel and runtime."""
    info = node.status.node_info
    addresses = {address.type: address.address for address in reversed(node.status.addresses)}
    version = info.kubelet_version if info is not None else ""
    kernel = UNKNOWN
    if info is not None and info.kernel_version:
        kernel = info.kernel_version
        if info.architecture:
            kernel = f"{kernel} ({info.architecture})"
    return [
        node.metadata.name,
        _node_status(node),
        ",".join(_roles(node)) or NONE,
        age(node.metadata, now),
        version,
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        (info.os_image if info is not None else "") or UNKNOWN,
        kernel,
        (info.container_runtime_version if info is not None else "") or UNKNOWN,
    ]


def _node_status(node: Node) -> str:
    words = []
    for condition in node.status.conditions:
        if condition.type == "Ready":
            words.append("Ready" if condition.status == "True" else "NotReady")
    if not words:
        words.append("Unknown")
    if node.spec.unschedulable:
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Node) -> list[str]:
    roles = set()
    for key, value in node.metadata.labels.items():
        if key.startswith(_ROLE_PREFIX) and len(key) > len(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return sorted(roles)

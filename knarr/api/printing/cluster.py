"""Table lines of kinds that tell of the cluster itself, one or two a group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api import conditions
from knarr.api.apiregistration.api_service import APIService
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.coordination.lease import Lease
from knarr.api.flowcontrol.flow_schema import FlowSchema
from knarr.api.flowcontrol.priority_level_configuration import PriorityLevelConfiguration
from knarr.api.node.runtime_class import RuntimeClass
from knarr.api.printing.cells import NONE, age, duration
from knarr.api.scheduling.priority_class import PriorityClass


def priority_class_row(priority: PriorityClass, now: datetime) -> Sequence[Any]:
    """Name, value, whether it is the default, age, policy."""
    return [
        priority.metadata.name,
        priority.value,
        priority.global_default,
        age(priority.metadata, now),
        priority.preemption_policy or "",
    ]


def lease_row(lease: Lease, now: datetime) -> Sequence[Any]:
    """Name, holder, age."""
    return [lease.metadata.name, lease.spec.holder_identity or "", age(lease.metadata, now)]


def runtime_class_row(runtime_class: RuntimeClass, now: datetime) -> Sequence[Any]:
    """Name, handler, age."""
    meta = runtime_class.metadata
    return [meta.name, runtime_class.handler, age(meta, now)]


def api_service_row(service: APIService, now: datetime) -> Sequence[Any]:
    """Name, service, available, age."""
    target = service.spec.service
    found = conditions.find(service.status.conditions, "Available")
    available = "Unknown"
    if found is not None:
        available = found.status
        if available != "True" and found.reason:
            available += f" ({found.reason})"
    return [
        service.metadata.name,
        "Local" if target is None else f"{target.namespace}/{target.name}",
        available,
        age(service.metadata, now),
    ]


def certificate_signing_request_row(
    request: CertificateSigningRequest, now: datetime
) -> Sequence[Any]:
    """Name, age, signer, who asks, for how long, condition."""
    seconds = request.spec.expiration_seconds
    return [
        request.metadata.name,
        age(request.metadata, now),
        request.spec.signer_name or NONE,
        request.spec.username,
        NONE if seconds is None else duration(seconds),
        _condition(request),
    ]


def _condition(request: CertificateSigningRequest) -> str:
    types = {condition.type for condition in request.status.conditions}
    told = next((each for each in ("Denied", "Approved") if each in types), "Pending")
    if "Failed" in types:
        told += ",Failed"
    return f"{told},Issued" if request.status.certificate else told


def flow_schema_row(schema: FlowSchema, now: datetime) -> Sequence[Any]:
    """Name, level, precedence, distinguisher, age, whether the level is missing."""
    spec = schema.spec
    dangling = conditions.find(schema.status.conditions, "Dangling")
    return [
        schema.metadata.name,
        spec.priority_level_configuration.name or NONE,
        spec.matching_precedence,
        NONE if spec.distinguisher_method is None else spec.distinguisher_method.type,
        age(schema.metadata, now),
        "?" if dangling is None else dangling.status,
    ]


def priority_level_row(level: PriorityLevelConfiguration, now: datetime) -> Sequence[Any]:
    """Name, type, shares, queues, hand size, queue length, age."""
    shares: Any = NONE
    queuing = None
    if level.spec.limited is not None:
        shares = level.spec.limited.nominal_concurrency_shares or 0
        response = level.spec.limited.limit_response
        queuing = response.queuing if response is not None else None
    elif level.spec.exempt is not None:
        shares = level.spec.exempt.nominal_concurrency_shares or 0
    cells: list[Any] = [NONE] * 3
    if queuing is not None:
        cells = [queuing.queues, queuing.hand_size, queuing.queue_length_limit]
    return [level.metadata.name, level.spec.type, shares, *cells, age(level.metadata, now)]

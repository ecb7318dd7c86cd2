"""Rules of a Node."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.label_rules import validate_label_name
from apiserver.strategies.pod_defaults import whole_milli
from apiserver.strategies.pod_spec.resources import validate_amount
from apiserver.strategies.pod_spec.scheduling import validate_taint_effect
from apiserver.strategies.strategy import Context, Strategy
from knarr.api import names
from knarr.api.core.node import Node, NodeSpec, NodeStatus, NodeSystemInfo
from knarr.api.core.scheduling import Taint
from knarr.api.field_errors import FieldError, Told, broken_names, duplicate, forbidden, invalid
from knarr.api.printing.core import node_row

_NO_INFO = NodeSystemInfo(
    architecture="",
    boot_id="",
    container_runtime_version="",
    kernel_version="",
    kube_proxy_version="",
    kubelet_version="",
    machine_id="",
    operating_system="",
    os_image="",
    system_uuid="",
)


class NodeRules(Strategy[Node]):
    """What holds for a Node."""

    has_generation = False

    def default(self, obj: Node) -> Node:
        """What can be given out is all there is, unless told otherwise."""
        spec, status = obj.spec, obj.status
        cidrs = spec.pod_cidrs or ((spec.pod_cidr,) if spec.pod_cidr else ())
        if cidrs and (cidrs != spec.pod_cidrs or cidrs[0] != spec.pod_cidr):
            spec = replace(spec, pod_cidrs=cidrs, pod_cidr=spec.pod_cidr or cidrs[0])
        capacity = whole_milli(status.capacity)
        status = replace(
            status,
            capacity=capacity,
            allocatable=whole_milli(status.allocatable) or capacity,
            node_info=status.node_info or _NO_INFO,
        )
        return replace(obj, spec=spec, status=status)

    def prepare_for_update(self, obj: Node, old: Node, context: Context) -> Node:
        """The status is written by itself."""
        return replace(obj, status=old.status)

    def validate(self, obj: Node) -> Iterable[FieldError]:
        """Taints, what the node has, and its pods' addresses."""
        yield from _validate_taints(obj.spec.taints, "metadata.taints")
        yield from _validate_amounts(obj.status)
        yield from _validate_cidrs(obj.spec, "spec.podCIDRs")

    def validate_update(self, obj: Node, old: Node) -> Iterable[FieldError]:
        """Addresses of pods and the provider's name are given once."""
        return _validate_kept(obj.spec, old.spec)

    def validate_status_update(self, obj: Node, old: Node) -> Iterable[FieldError]:
        """What the node has is not negative."""
        return _validate_amounts(obj.status)

    def fields(self, obj: Node) -> Mapping[str, str]:
        """Nodes are selected by whether pods may go there."""
        return {"spec.unschedulable": "true" if obj.spec.unschedulable else "false"}

    def row(self, obj: Node, now: datetime) -> Sequence[Any]:
        """Name, status, roles, age, version; addresses, system, kernel and runtime."""
        return node_row(obj, now)


def _validate_taints(taints: tuple[Taint, ...], path: str) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        at = f"{path}[{i}]"
        yield from validate_label_name(taint.key, f"{at}.key")
        broken = names.label_value(taint.value)
        if broken:
            yield invalid(f"{at}.value", taint.value, ";".join(broken))
        yield from validate_taint_effect(taint.effect, f"{at}.effect", allow_empty=False)
        if (taint.key, taint.effect) in seen:
            shown = Told(
                Key=taint.key, Value=taint.value, Effect=taint.effect, TimeAdded=taint.time_added
            )
            yield duplicate(at, shown, "taints must be unique by key and effect pair")
        seen.add((taint.key, taint.effect))


def _validate_amounts(status: NodeStatus) -> Iterator[FieldError]:
    for field, amounts in (("capacity", status.capacity), ("allocatable", status.allocatable)):
        for name in sorted(amounts):
            yield from validate_amount(name, amounts[name], f"status.{field}.{name}")


def _validate_cidrs(spec: NodeSpec, path: str) -> Iterator[FieldError]:
    broken = [
        error
        for i, cidr in enumerate(spec.pod_cidrs)
        for error in broken_names(f"{path}[{i}]", cidr, names.cidr(cidr))
    ]
    yield from broken
    if len(spec.pod_cidrs) > 1 and not broken:
        families = [ipaddress.ip_network(cidr, strict=False).version for cidr in spec.pod_cidrs]
        if len(set(families)) < len(families):
            detail = "may specify no more than one CIDR for each IP family"
            yield invalid(path, spec.pod_cidrs, detail)


def _validate_kept(spec: NodeSpec, old: NodeSpec) -> Iterator[FieldError]:
    if old.pod_cidrs and spec.pod_cidrs != old.pod_cidrs:
        detail = 'node updates may not change podCIDR except from "" to valid'
        yield forbidden("spec.podCIDRs", detail)
    if old.provider_id and spec.provider_id != old.provider_id:
        detail = 'node updates may not change providerID except from "" to valid'
        yield forbidden("spec.providerID", detail)

"""Rules of a pod's status, which the kubelet writes."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from knarr.api import names
from knarr.api.core.container import Container, ContainerRestartRule
from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.pod_status import PodIP, PodStatus
from knarr.api.field_errors import FieldError, Told, broken_names, forbidden, invalid


def with_matching_ips(status: PodStatus, old: PodStatus) -> PodStatus:
    """`podIP` is the first of `podIPs`, whichever of the two a client has set."""
    changes: dict[str, Any] = {}
    if not status.qos_class:
        changes["qos_class"] = old.qos_class
    first = status.pod_ips[0].ip if status.pod_ips else ""
    if status.pod_ip != first:
        if status.pod_ip and (status.pod_ip != old.pod_ip or not first):
            changes["pod_ips"] = (PodIP(ip=status.pod_ip),)
        else:
            changes["pod_ip"] = first
    return replace(status, **changes) if changes else status


def validate_pod_status(pod: Pod, old: Pod) -> Iterator[FieldError]:
    """What a write to a pod's status breaks."""
    status = pod.status
    if pod.spec.node_name != old.spec.node_name:
        yield forbidden("status.nodeName", "may not be changed directly")
    nominated = status.nominated_node_name
    if nominated:
        broken = names.dns_subdomain(nominated)
        yield from broken_names("status.nominatedNodeName", nominated, broken)
    if pod.spec.restart_policy != "Always":
        new, before = status.container_statuses, old.status.container_statuses
        yield from _validate_ended(new, before, pod.spec, "status.containerStatuses")
    yield from _validate_ips([one.ip for one in status.pod_ips], "status.podIPs")
    yield from _validate_ips([one.ip for one in status.host_ips], "status.hostIPs")
    if status.host_ips and status.host_ips[0].ip != status.host_ip:
        detail = "must be equal to `hostIP`"
        yield invalid("status.hostIPs[0].ip", status.host_ips[0].ip, detail)
    if status.qos_class != old.status.qos_class:
        yield invalid("status.qosClass", status.qos_class, "field is immutable")


def _validate_ended(
    new: Sequence[ContainerStatus], old: Sequence[ContainerStatus], spec: PodSpec, path: str
) -> Iterator[FieldError]:
    """What has ended for good does not begin again."""
    if any(_restarts_all(one) for one in (*spec.init_containers, *spec.containers)):
        return
    before = {status.name: status for status in old}
    for i, status in enumerate(new):
        was = before.get(status.name)
        if was is None or was.state.terminated is None or status.state.terminated is not None:
            continue
        if not _may_restart(spec, status.name, was.state.terminated.exit_code):
            detail = "may not be transitioned to non-terminated state"
            yield forbidden(f"{path}[{i}].state", detail)


def _restarts_all(container: Container) -> bool:
    return any(rule.action == "RestartAllContainers" for rule in container.restart_policy_rules)


def _may_restart(spec: PodSpec, name: str, exit_code: int) -> bool:
    """Whether a container may begin again after such an end, by its own words or the pod's."""
    policy = spec.restart_policy
    for one in spec.containers:
        if one.name == name:
            policy = one.restart_policy or policy
            if any(_is_about(rule, exit_code) for rule in one.restart_policy_rules):
                return True
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _is_about(rule: ContainerRestartRule, exit_code: int) -> bool:
    codes = rule.exit_codes
    return codes is not None and (exit_code in codes.values) == (codes.operator == "In")


def _validate_ips(addresses: Sequence[str], path: str) -> Iterator[FieldError]:
    broken = [
        error
        for i, address in enumerate(addresses)
        for error in broken_names(f"{path}[{i}]", address, names.ip_address(address))
    ]
    yield from broken
    if broken or len(addresses) < 2:
        return
    families = {ipaddress.ip_address(address).version for address in addresses}
    if len(families) < len(addresses):
        shown = [Told(IP=address) for address in addresses]
        yield invalid(path, shown, "may specify no more than one IP for each IP family")

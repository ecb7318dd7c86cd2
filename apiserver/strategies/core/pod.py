"""Rules of a Pod."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.core.own_labels import with_own_labels
from apiserver.strategies.core.pod_status import validate_pod_status, with_matching_ips
from apiserver.strategies.core.pod_updates import (
    validate_ephemeral_update,
    validate_pod_update,
    validate_resize,
)
from apiserver.strategies.pod_defaults import default_pod
from apiserver.strategies.pod_spec.containers import validate_image_spaces
from apiserver.strategies.pod_spec.spec import validate_pod_spec
from apiserver.strategies.pod_spec.warnings import pod_warnings
from apiserver.strategies.strategy import Context, Strategy
from knarr.api import times
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition, PodStatus
from knarr.api.field_errors import FieldError, forbidden
from knarr.api.printing.pods import pod_row
from knarr.api.quality_of_service import qos_class

GRACE_PERIOD_S = 30


class PodRules(Strategy[Pod]):
    """What holds for a Pod."""

    grace_period_s = GRACE_PERIOD_S

    def default(self, obj: Pod) -> Pod:
        """What every pod gets."""
        return default_pod(obj)

    def default_change(self, obj: Pod, old: Pod) -> Pod:
        """All defaults are the spec's."""
        return obj if obj.spec is old.spec else default_pod(obj)

    def prepare_for_create(self, obj: Pod, context: Context) -> Pod:
        """Pending, of a class of service that follows from what it asks for."""
        conditions: tuple[PodCondition, ...] = ()
        if obj.spec.scheduling_gates:
            gated = PodCondition(
                type="PodScheduled",
                status="False",
                reason="SchedulingGated",
                message="Scheduling is blocked due to non-empty scheduling gates",
                last_transition_time=times.to_time(context.now),
            )
            conditions = (gated,)
        status = PodStatus(phase="Pending", qos_class=qos_class(obj), conditions=conditions)
        return replace(with_own_labels(obj), status=status)

    def prepare_for_status_update(self, obj: Pod, old: Pod, context: Context) -> Pod:
        """Old and new spellings of addresses say the same; the class of service is kept."""
        return replace(obj, status=with_matching_ips(obj.status, old.status))

    def validate(self, obj: Pod) -> Iterable[FieldError]:
        """The rules of its spec, and some that do not hold for templates."""
        spec = obj.spec
        yield from validate_pod_spec(spec, "spec")
        yield from validate_image_spaces(spec.containers, "spec.containers")
        yield from validate_image_spaces(spec.init_containers, "spec.initContainers")
        if not obj.metadata.resource_version:
            yield from _validate_new(obj)

    def validate_update(self, obj: Pod, old: Pod) -> Iterable[FieldError]:
        """Almost nothing of a pod may change."""
        return validate_pod_update(obj, old)

    def validate_status_update(self, obj: Pod, old: Pod) -> Iterable[FieldError]:
        """Addresses are such, and the class of service stays."""
        return validate_pod_status(obj, old)

    def validate_subresource_update(
        self, subresource: str, obj: Pod, old: Pod
    ) -> Iterable[FieldError]:
        """What `resize` and `ephemeralcontainers` may change."""
        if subresource not in ("resize", "ephemeralcontainers"):
            return
        yield from validate_pod_spec(obj.spec, "spec")
        if subresource == "resize":
            yield from validate_resize(obj, old)
        else:
            yield from validate_ephemeral_update(obj, old)

    def warnings(self, obj: Pod, old: Pod | None) -> Iterable[str]:
        """What is odd in the spec."""
        return pod_warnings(obj.spec, obj.metadata, "")

    def fields(self, obj: Pod) -> Mapping[str, str]:
        """Pods are selected by node, phase and the like."""
        spec, status = obj.spec, obj.status
        ips = ",".join(one.ip for one in status.pod_ips)
        return {
            "spec.nodeName": spec.node_name,
            "spec.restartPolicy": spec.restart_policy,
            "spec.schedulerName": spec.scheduler_name,
            "spec.serviceAccountName": spec.service_account_name,
            "spec.hostNetwork": "true" if spec.host_network else "false",
            "status.phase": status.phase,
            "status.podIP": status.pod_ips[0].ip if status.pod_ips else status.pod_ip,
            "status.podIPs": ips or status.pod_ip,
            "status.nominatedNodeName": status.nominated_node_name,
        }

    def row(self, obj: Pod, now: datetime) -> Sequence[Any]:
        """Name, ready, status, restarts, age, address, node, nominated node, readiness gates."""
        return pod_row(obj, now)


def _validate_new(pod: Pod) -> Iterable[FieldError]:
    if pod.spec.ephemeral_containers:
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if pod.spec.node_name and pod.spec.scheduling_gates:
        detail = "cannot be set until all schedulingGates have been cleared"
        yield forbidden("spec.nodeName", detail)

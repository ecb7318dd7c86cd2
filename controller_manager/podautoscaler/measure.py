"""Asks for the numbers of one metric of an autoscaler, and what they call for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from controller_manager.podautoscaler.metrics import (
    Described,
    Measured,
    MetricsError,
    MetricsSource,
)
from controller_manager.podautoscaler.replicas import (
    Sorted,
    Tolerance,
    Wanted,
    by_average,
    by_share,
    by_utilization,
    by_value,
    sort_pods,
)
from controller_manager.spelled import spelled
from knarr.api import quantities
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    ContainerResourceMetricStatus,
    CrossVersionObjectReference,
    ExternalMetricSource,
    ExternalMetricStatus,
    HorizontalPodAutoscaler,
    MetricIdentifier,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ObjectMetricSource,
    ObjectMetricStatus,
    PodsMetricSource,
    PodsMetricStatus,
    ResourceMetricStatus,
)
from knarr.api.core.pod import Pod
from knarr.api.kinds import BUILT_IN
from knarr.api.selectors import Selector


class Proposal(Struct, frozen=True):
    """What one metric calls for."""

    replicas: int
    name: str
    """How it is told of: `cpu resource utilization (percentage of request)`."""
    status: MetricStatus


class MeasureError(Exception):
    """One metric cannot be evaluated."""

    def __init__(self, reason: str, cause: str, summary: str) -> None:
        super().__init__(cause)
        self.reason = reason
        """Of the condition and the event, such as FailedGetResourceMetric."""
        self.summary = summary
        """What the whole evaluation says of it."""


class Subject(Struct, frozen=True):
    """What is measured: the pods of the target, and how many it is to have."""

    autoscaler: HorizontalPodAutoscaler
    selector: Selector
    pods: Sequence[Pod]
    current: int
    now: datetime
    found: int = 0
    """How many pods the target says that it has."""

    @property
    def tolerance(self) -> Tolerance:
        """How far off a value may be before anything is done."""
        behavior, plain = self.autoscaler.spec.behavior, Tolerance()
        up = behavior.scale_up if behavior is not None else None
        down = behavior.scale_down if behavior is not None else None
        return Tolerance(
            up=_share(up.tolerance, plain.up) if up is not None else plain.up,
            down=_share(down.tolerance, plain.down) if down is not None else plain.down,
        )

    @property
    def namespace(self) -> str:
        """Where the autoscaler and its target are."""
        return self.autoscaler.metadata.namespace


def _share(tolerance: str | None, otherwise: float) -> float:
    return quantities.milli(tolerance) / 1000 if tolerance is not None else otherwise


async def measure(subject: Subject, spec: MetricSpec, source: MetricsSource) -> Proposal:
    """Evaluate one metric. Raise MeasureError."""
    if spec.resource is not None:
        name, target = spec.resource.name, spec.resource.target
        return await _resource(subject, source, name, "", target)
    if spec.container_resource is not None:
        one = spec.container_resource
        return await _resource(subject, source, one.name, one.container, one.target)
    if spec.pods is not None:
        return await _pods(subject, source, spec.pods)
    if spec.object is not None:
        return await _object(subject, source, spec.object)
    if spec.external is not None:
        return await _external(subject, source, spec.external)
    raise MeasureError(
        "InvalidMetricSourceType",
        f'unknown metric source type "{spec.type}"',
        f'unknown metric source type "{spec.type}"',
    )


async def _resource(
    subject: Subject, source: MetricsSource, name: str, container: str, target: MetricTarget
) -> Proposal:
    kind = "ContainerResource" if container else "Resource"
    what = "utilization" if target.average_utilization is not None else "usage"
    try:
        values = await source.of_pods(subject.namespace, subject.selector, name, container)
        wanted = _by_resource(subject, values, name, container, target)
    except MetricsError as error:
        words = f"failed to get {name} {what}: {error}"
        label = f"{container} container" if container else f"{name} resource"
        summary = f"failed to get {label} metric value: {words}"
        raise MeasureError(f"FailedGet{kind}Metric", words, summary) from error
    current = MetricValueStatus(
        average_value=quantities.from_milli(wanted.average),
        average_utilization=wanted.utilization,
    )
    told = f"{name} {'container ' if container else ''}resource"
    if target.average_utilization is not None:
        told += " utilization (percentage of request)"
    if container:
        one = ContainerResourceMetricStatus(container=container, current=current, name=name)
        return Proposal(wanted.replicas, told, MetricStatus(type=kind, container_resource=one))
    status = MetricStatus(type=kind, resource=ResourceMetricStatus(current=current, name=name))
    return Proposal(wanted.replicas, told, status)


def _by_resource(
    subject: Subject,
    values: Mapping[str, Measured],
    name: str,
    container: str,
    target: MetricTarget,
) -> Wanted:
    found = _counting(subject, values, cpu=name == "cpu")
    if target.average_utilization is None:
        size = quantities.milli(target.average_value or "0")
        return by_average(found, target=size, current=subject.current, tolerance=subject.tolerance)
    requests = {pod.metadata.name: _asked(pod, name, container) for pod in subject.pods}
    return by_utilization(
        found,
        requests,
        target=target.average_utilization,
        current=subject.current,
        tolerance=subject.tolerance,
    )


def _counting(subject: Subject, values: Mapping[str, Measured], *, cpu: bool) -> Sorted:
    """The pods that count. Raise MetricsError where none does."""
    if not subject.pods:
        raise MetricsError("no pods returned by selector while calculating replica count")
    found = sort_pods(values, subject.pods, subject.now, cpu=cpu)
    if not found.values:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    return found


def _asked(pod: Pod, name: str, container: str) -> int:
    """What a pod or its container asks for. Raise MetricsError."""
    whole = pod.spec.resources
    if not container and whole is not None and name in whole.requests:
        return quantities.milli(whole.requests[name])
    meta = pod.metadata
    sidecars = [each for each in pod.spec.init_containers if each.restart_policy == "Always"]
    asked = 0
    for each in (*pod.spec.containers, *sidecars):
        if container and each.name != container:
            continue
        requests = each.resources.requests if each.resources is not None else {}
        if name not in requests:
            raise MetricsError(
                f"missing request for {name} in container {each.name} of Pod {meta.name}"
            )
        asked += quantities.milli(requests[name])
    return asked


async def _pods(subject: Subject, source: MetricsSource, spec: PodsMetricSource) -> Proposal:
    metric = spec.metric.name
    try:
        values = await _custom(
            subject, source, Described("pods", pods=subject.selector), spec.metric, ""
        )
        found = _counting(subject, values, cpu=False)
    except MetricsError as error:
        summary = f"failed to get pods metric value: {error}"
        raise MeasureError("FailedGetPodsMetric", str(error), summary) from error
    target = quantities.milli(spec.target.average_value or "0")
    wanted = by_average(found, target=target, current=subject.current, tolerance=subject.tolerance)
    current = MetricValueStatus(average_value=quantities.from_milli(wanted.average))
    status = PodsMetricStatus(current=current, metric=spec.metric)
    return Proposal(
        wanted.replicas, f"pods metric {metric}", MetricStatus(type="Pods", pods=status)
    )


async def _custom(
    subject: Subject, source: MetricsSource, what: Described, metric: MetricIdentifier, about: str
) -> Mapping[str, Measured]:
    try:
        return await source.of_objects(subject.namespace, what, metric.name, metric.selector)
    except MetricsError as error:
        raise MetricsError(f"unable to get metric {metric.name}: {about}{error}") from error


async def _object(subject: Subject, source: MetricsSource, spec: ObjectMetricSource) -> Proposal:
    of, metric = spec.described_object, spec.metric
    per_pod = spec.target.average_value is not None
    try:
        resource = _resource_of(of)
        # What is told of a Namespace is told of the one in which the autoscaler is.
        name = subject.namespace if resource == "namespaces" else of.name
        about = f"{of.kind} on {subject.namespace} {of.name}/"
        values = await _custom(subject, source, Described(resource, name), metric, about)
        total = sum(each.value for each in values.values())
        wanted, current = _of_value(subject, total, spec.target)
    except MetricsError as error:
        # The condition of one kind of target has a few words more than that of the other.
        cause = f"failed to get {metric.name} object metric: {error}" if per_pod else str(error)
        summary = f"failed to get object metric value: {cause}"
        raise MeasureError("FailedGetObjectMetric", cause, summary) from error
    status = ObjectMetricStatus(current=current, described_object=of, metric=metric)
    told = f"{of.kind} metric {metric.name}"
    if per_pod:
        told = f"external metric {metric.name}({spelled(metric.selector)})"
    return Proposal(wanted.replicas, told, MetricStatus(type="Object", object=status))


def _resource_of(reference: CrossVersionObjectReference) -> str:
    """How the API of custom metrics names a kind. Raise MetricsError for one that is unknown."""
    group = reference.api_version.rpartition("/")[0]
    for kind in BUILT_IN:
        if (kind.group, kind.name) == (group, reference.kind):
            return kind.resource
    raise MetricsError(f'no matches for kind "{reference.kind}" in group "{group}"')


async def _external(
    subject: Subject, source: MetricsSource, spec: ExternalMetricSource
) -> Proposal:
    metric = spec.metric
    selector = spelled(metric.selector)
    try:
        values = await _outside(subject, source, metric)
        wanted, current = _of_value(subject, sum(values), spec.target)
    except MetricsError as error:
        cause = f"failed to get {metric.name} external metric: {error}"
        summary = f"failed to get {metric.name} external metric value: {cause}"
        raise MeasureError("FailedGetExternalMetric", cause, summary) from error
    status = ExternalMetricStatus(current=current, metric=metric)
    told = f"external metric {metric.name}({selector})"
    return Proposal(wanted.replicas, told, MetricStatus(type="External", external=status))


async def _outside(
    subject: Subject, source: MetricsSource, metric: MetricIdentifier
) -> tuple[int, ...]:
    try:
        return await source.external(subject.namespace, metric.name, metric.selector)
    except MetricsError as error:
        about = f"{subject.namespace}/{metric.name}/{spelled(metric.selector)}"
        raise MetricsError(f"unable to get external metric {about}: {error}") from error


def _of_value(
    subject: Subject, value: int, target: MetricTarget
) -> tuple[Wanted, MetricValueStatus]:
    tolerance = subject.tolerance
    if target.average_value is not None:
        each = quantities.milli(target.average_value)
        shared = by_share(value, target=each, current=subject.found, tolerance=tolerance)
        return shared, MetricValueStatus(average_value=quantities.from_milli(shared.average))
    whole = quantities.milli(target.value or "0")
    wanted = by_value(
        value, subject.pods, target=whole, current=subject.current, tolerance=tolerance
    )
    return wanted, MetricValueStatus(value=quantities.from_milli(value))

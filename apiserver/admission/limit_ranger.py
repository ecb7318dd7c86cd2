"""Fills in what a namespace's LimitRanges give by default, and refuses what they forbid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, View
from apiserver.admission.refusal import refusal
from knarr.api import pod_resources, quantities
from knarr.api.core.container import Container
from knarr.api.core.limit_range import LimitRange, LimitRangeItem
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements
from knarr.api.scalars import Quantity

_NOTE = "kubernetes.io/limit-ranger"

Amounts = Mapping[str, Quantity]


class LimitRanger(Admission):
    """Holds every LimitRange of the namespace against new pods and claims."""

    interests: ClassVar[frozenset[Interest]] = frozenset(
        {("", "pods"), ("", "persistentvolumeclaims")}
    )

    async def admit(self, attributes: Attributes, view: View) -> Any:
        """Give containers the defaults."""
        obj = attributes.object
        if not isinstance(obj, Pod) or attributes.old is not None:
            return obj
        for limits in _ranges(attributes, view):
            obj = _with_defaults(obj, limits)
        return obj

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Refuse what is too little or too much."""
        obj = attributes.object
        if isinstance(obj, Pod) and attributes.old is not None:
            return
        for limits in _ranges(attributes, view):
            told = [word for item in limits.spec.limits for word in _broken(item, obj)]
            if told:
                why = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
                raise refusal(attributes, why)


def _ranges(attributes: Attributes, view: View) -> Sequence[LimitRange]:
    return view.list(LimitRange, attributes.namespace)


def _with_defaults(pod: Pod, limits: LimitRange) -> Pod:
    default: dict[str, Quantity] = {}
    default_request: dict[str, Quantity] = {}
    for item in limits.spec.limits:
        if item.type == "Container":
            default.update(item.default)
            default_request.update(item.default_request)
    if not default and not default_request:
        return pod
    notes: list[str] = []
    spec = replace(
        pod.spec,
        containers=tuple(
            _filled(each, default_request, default, "container", notes)
            for each in pod.spec.containers
        ),
        init_containers=tuple(
            _filled(each, default_request, default, "init container", notes)
            for each in pod.spec.init_containers
        ),
    )
    if not notes:
        return pod
    told = f"LimitRanger plugin set: {'; '.join(notes)}"
    meta = replace(pod.metadata, annotations={**pod.metadata.annotations, _NOTE: told})
    return replace(pod, metadata=meta, spec=spec)


def _filled(
    container: Container, requests: Amounts, limits: Amounts, what: str, notes: list[str]
) -> Container:
    resources = container.resources or ResourceRequirements()
    new_requests = sorted(set(requests) - set(resources.requests))
    new_limits = sorted(set(limits) - set(resources.limits))
    if not new_requests and not new_limits:
        return container
    if new_requests:
        notes.append(f"{', '.join(new_requests)} request for {what} {container.name}")
    if new_limits:
        notes.append(f"{', '.join(new_limits)} limit for {what} {container.name}")
    return replace(
        container,
        resources=replace(
            resources,
            requests={**requests, **resources.requests},
            limits={**limits, **resources.limits},
        ),
    )


def _broken(item: LimitRangeItem, obj: Any) -> Iterator[str]:
    if isinstance(obj, PersistentVolumeClaim):
        if item.type == "PersistentVolumeClaim":
            yield from _claim(item, obj)
        return
    if item.type == "Container":
        for container in (*obj.spec.containers, *obj.spec.init_containers):
            resources = container.resources or ResourceRequirements()
            yield from _checked(item, resources.requests, resources.limits)
    elif item.type == "Pod":
        requests = pod_resources.total(obj.spec, "requests")
        yield from _checked(item, requests, pod_resources.total(obj.spec, "limits"))


def _checked(item: LimitRangeItem, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in sorted(item.min.items()):
        yield from _too_little(
            f"minimum {name} usage per {item.type} is {least}", name, least, requests, limits
        )
    for name, most in sorted(item.max.items()):
        yield from _too_much(
            f"maximum {name} usage per {item.type} is {most}", name, most, requests, limits
        )
    for name, ratio in sorted(item.max_limit_request_ratio.items()):
        rule = f"{name} max limit to request ratio per {item.type} is {ratio}"
        yield from _too_loose(rule, ratio, requests.get(name), limits.get(name))


def _too_little(
    rule: str, name: str, least: Quantity, requests: Amounts, limits: Amounts
) -> Iterable[str]:
    request, limit = requests.get(name), limits.get(name)
    if request is None:
        yield f"{rule}.  No request is specified"
    elif quantities.compare(request, least) < 0:
        yield f"{rule}, but request is {request}"
    elif limit is not None and quantities.compare(limit, least) < 0:
        yield f"{rule}, but limit is {limit}"


def _too_much(
    rule: str, name: str, most: Quantity, requests: Amounts, limits: Amounts
) -> Iterable[str]:
    request, limit = requests.get(name), limits.get(name)
    if limit is None:
        yield f"{rule}.  No limit is specified"
    elif quantities.compare(limit, most) > 0:
        yield f"{rule}, but limit is {limit}"
    elif request is not None and quantities.compare(request, most) > 0:
        yield f"{rule}, but request is {request}"


def _too_loose(
    rule: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterable[str]:
    if request is None or quantities.is_zero(request):
        yield f"{rule}, but no request is specified or request is 0"
        return
    if limit is None or quantities.is_zero(limit):
        yield f"{rule}, but no limit is specified or limit is 0"
        return
    found = quantities.milli(limit) / quantities.milli(request)
    if found > quantities.milli(ratio) / 1000:
        yield f"{rule}, but provided ratio is {found:f}"


def _claim(item: LimitRangeItem, claim: PersistentVolumeClaim) -> Iterator[str]:
    resources = claim.spec.resources
    request = resources.requests.get("storage") if resources is not None else None
    for name, least in item.min.items():
        if request is None or quantities.compare(request, least) < 0:
            told = f", but request is {request}" if request else ".  No request is specified"
            yield f"minimum {name} usage per {item.type} is {least}{told}"
    for name, most in item.max.items():
        if request is None or quantities.compare(request, most) > 0:
            told = f", but request is {request}" if request else ".  No request is specified"
            yield f"maximum {name} usage per {item.type} is {most}{told}"

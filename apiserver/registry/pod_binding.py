"""The `binding` subresource: gives a pod its node."""

from typing import Any

from msgspec.structs import replace
from msgspec.structs import replace as changed

from apiserver.registry import failures, write
from apiserver.registry.core import Core
from apiserver.registry.parts import with_meta
from apiserver.registry.request import Answer, Request
from apiserver.storage.entry import Entry
from knarr.api import conditions
from knarr.api.core.binding import Binding
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.errors import ApiError, BadRequestError, ConflictError
from knarr.api.kind import Kind
from knarr.api.meta.status import Status, StatusDetails

_PLACES = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
"""The labels that a pod takes over from its node."""

SUCCESS = Status(status="Success", code=201)
"""What a POST answers that has nothing to show."""


async def bind_old(core: Core, request: Request, pods: Kind, binding: Binding) -> Answer:
    """A binding sent to the old collection `bindings`."""
    if not binding.metadata.name:
        raise BadRequestError("Name parameter required.")
    request = changed(request, kind=pods, name=binding.metadata.name, subresource="binding")
    return await bind(core, request, binding)


async def bind(core: Core, request: Request, binding: Binding) -> Answer:
    """Bind a pod to a node. Raise ConflictError when it cannot be."""
    name = binding.metadata.name
    if name and name != request.name:
        raise BadRequestError("name in URL does not match name in Binding object")
    _check_target(binding)

    def change(entry: Entry | None) -> Any:
        assert entry is not None, "bindings create nothing"
        return _bound(core, request, entry, binding)

    pods = core.resource_of(request.kind)
    entry, _ = await write.update(core, request, pods, change)
    return Answer(kind=request.kind, status=SUCCESS, created=True, revision=entry.revision)


def _check_target(binding: Binding) -> None:
    target = binding.target
    if target.kind not in ("", "Node"):
        raise ApiError(
            f'target.kind: Unsupported value: "{target.kind}": supported values: "Node", "<empty>"'
        )
    if not target.name:
        raise ApiError("target.name: Required value")


def _bound(core: Core, request: Request, entry: Entry, binding: Binding) -> Pod:
    pod = entry.object
    assert isinstance(pod, Pod), "only pods are bound"
    meta = pod.metadata
    uid = binding.metadata.uid
    if uid and uid != meta.uid:
        raise failures.uid_mismatch(request.kind, entry.key, meta.name, uid, meta.uid)
    if meta.deletion_timestamp is not None:
        raise _refused(meta.name, "is being deleted, cannot be assigned to a host")
    if pod.spec.node_name:
        raise _refused(meta.name, f'is already assigned to node "{pod.spec.node_name}"')
    if pod.spec.scheduling_gates:
        raise _refused(meta.name, "has non-empty .spec.schedulingGates")
    found = conditions.set_condition(
        pod.status.conditions, PodCondition(type="PodScheduled", status="True"), core.clock.now()
    )
    bound: Pod = with_meta(
        pod,
        annotations={**meta.annotations, **binding.metadata.annotations},
        labels={
            **meta.labels,
            **binding.metadata.labels,
            **_place_of(core, binding.target.name),
        },
        resource_version="",
    )
    return replace(
        bound,
        spec=replace(pod.spec, node_name=binding.target.name),
        # A pod that has its node needs to hope for none.
        status=replace(pod.status, conditions=found, nominated_node_name=""),
    )


def _place_of(core: Core, node_name: str) -> dict[str, str]:
    """Where the node stands, which its pods may read from their own labels."""
    nodes = core.resource(Node)
    entry = nodes.cache.get(nodes.key("", node_name))
    if entry is None:
        return {}
    labels = entry.labels
    return {label: labels[label] for label in _PLACES if label in labels}


def _refused(name: str, why: str) -> ConflictError:
    return ConflictError(
        f'Operation cannot be fulfilled on pods/binding "{name}": pod {name} {why}',
        details=StatusDetails(name=name, kind="pods/binding"),
    )

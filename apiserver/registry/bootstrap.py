"""The objects every cluster has, made at the start where they are missing."""

from collections.abc import Iterable
from typing import Any

from apiserver.registry import write
from apiserver.registry.core import Core
from apiserver.registry.request import SYSTEM, Request
from knarr.api.core.namespace import Namespace
from knarr.api.errors import AlreadyExistsError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scheduling.priority_class import PriorityClass

_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")


async def make(core: Core) -> None:
    """Make what is missing."""
    for obj in _objects():
        meta = obj.metadata
        resource = core.resource(type(obj))
        if resource.cache.get(resource.key(meta.namespace, meta.name)) is not None:
            continue
        request = Request(user=SYSTEM, kind=resource.kind, namespace=meta.namespace)
        try:
            await write.create(core, request, resource, obj)
        except AlreadyExistsError:
            continue  # Another server was faster.


def _objects() -> Iterable[Any]:
    for name in _NAMESPACES:
        yield Namespace(metadata=ObjectMeta(name=name))
    yield PriorityClass(
        metadata=ObjectMeta(name="system-cluster-critical"),
        value=2000000000,
        description=(
            "Used for system critical pods that must run in the cluster, but can be moved to "
            "another node if necessary."
        ),
    )
    yield PriorityClass(
        metadata=ObjectMeta(name="system-node-critical"),
        value=2000001000,
        description=(
            "Used for system critical pods that must not be moved from their current node."
        ),
    )

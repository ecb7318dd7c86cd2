"""The objects every cluster has, made at the start where they are missing."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import structlog

from apiserver.registry import advertise, write
from apiserver.registry.core import Core
from apiserver.registry.flow_defaults import flow_schemas, priority_levels
from apiserver.registry.patience import patiently
from apiserver.registry.request import SYSTEM, Request
from apiserver.registry.settings import Settings
from knarr.api.core.namespace import Namespace
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.errors import AlreadyExistsError, InvalidError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scheduling.priority_class import PriorityClass

_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")

log = structlog.get_logger()


async def make(core: Core) -> None:
    """Make what is missing."""
    for obj in _objects(core.settings):
        meta = obj.metadata
        resource = core.resource(type(obj))
        if resource.cache.get(resource.key(meta.namespace, meta.name)) is not None:
            continue
        request = Request(user=SYSTEM, kind=resource.kind, namespace=meta.namespace)
        try:
            await patiently(partial(write.create, core, request, resource, obj))
        except AlreadyExistsError:
            continue  # Another server was faster.
        except InvalidError as error:
            log.warning("cannot make a default object", key=meta.name, error=error.message)


def _objects(settings: Settings) -> Iterable[Any]:
    for name in _NAMESPACES:
        yield Namespace(metadata=ObjectMeta(name=name))
    yield from _priority_classes()
    yield from priority_levels()
    yield from flow_schemas()
    yield from _way_to_this_server(settings)


def _priority_classes() -> Iterable[PriorityClass]:
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


def _way_to_this_server(settings: Settings) -> Iterable[Any]:
    """The Service `kubernetes`, by which pods find the API, and where it leads."""
    network = settings.service_networks[0]
    yield Service(
        metadata=ObjectMeta(
            name=advertise.SERVICE,
            namespace="default",
            labels={"component": "apiserver", "provider": "kubernetes"},
        ),
        spec=ServiceSpec(
            type="ClusterIP",
            cluster_ip=str(network.network_address + 1),
            ports=(
                ServicePort(
                    name="https", port=443, protocol="TCP", target_port=settings.advertise_port
                ),
            ),
        ),
    )
    if settings.advertise_address:
        yield from advertise.objects(settings, (settings.advertise_address,))

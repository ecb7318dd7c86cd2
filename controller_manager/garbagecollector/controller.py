"""Watches every kind for owners that go and dependents that come."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from controller_manager.custom_kinds import CustomKinds
from controller_manager.garbagecollector.decide import OwnerState, decide
from controller_manager.garbagecollector.graph import Graph, Item
from knarr.api.apiextensions.custom_resource_definition import CustomResourceDefinition
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.coordination.lease import Lease
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kind_table import BUILT_IN_TABLE
from knarr.api.kinds import BUILT_IN
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.structs import ApiStruct
from knarr.api.tags import tag_type
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.objects import metadata_of
from knarr.client.queue import WorkQueue

ABSENT_REMEMBERED_MAX = 500
"""Owners known to be gone that are not asked for again; the oldest is forgotten first."""

UNSEEN_AGAIN_AFTER_S = 5.0
"""An owner that is there, though our copy does not show it, is looked for again after this."""

_NOT_WATCHED = frozenset({("", "v1", "events"), ("events.k8s.io", "v1", "events")})
"""Events have no owners and are many."""

_SAME_OBJECTS = frozenset({("autoscaling", "v1", "horizontalpodautoscalers")})
"""A view of what another row shows already."""


def watched_kinds() -> Iterable[Kind]:
    """The kinds whose objects can own or be owned."""
    for kind in BUILT_IN:
        row = (kind.group, kind.version, kind.plural)
        if {"list", "watch", "delete"} <= set(kind.verbs) and row not in (
            _NOT_WATCHED | _SAME_OBJECTS
        ):
            yield kind


_WATCHED_WHOLE = frozenset(
    {
        Pod,
        ReplicaSet,
        Deployment,
        Service,
        EndpointSlice,
        Node,
        Lease,
        CustomResourceDefinition,
    }
)
"""Kinds of which other controllers have a whole copy, which is shared."""


def watched_type(kind: Kind) -> type[ApiStruct]:
    """What to watch of a kind of which only the metadata is asked."""
    return kind.type if kind.type in _WATCHED_WHOLE else tag_type(kind)


class GarbageCollector:
    """Keeps the graph and looks at what changes in it."""

    name = "garbagecollector"

    def __init__(
        self,
        client: Client,
        informers: Informers,
        custom: CustomKinds,
        recorder: EventRecorder,
    ) -> None:
        self.queue: WorkQueue[str] = WorkQueue(self.name)
        self._client = client
        self._recorder = recorder
        self._graph = Graph()
        self._custom = custom
        self._absent: OrderedDict[tuple[str | None, str], None] = OrderedDict()
        for kind in watched_kinds():
            self._watch(kind, informers.of(watched_type(kind)))
        custom.follow(self._watch)

    def _watch(self, kind: Kind, informer: Informer[Any]) -> None:
        def handler(old: ApiStruct | None, new: ApiStruct | None) -> None:
            self._changed(kind, old, new)

        informer.handle(handler)

    def _changed(self, kind: Kind, old: ApiStruct | None, new: ApiStruct | None) -> None:
        look_at: dict[str, None] = {}
        if old is not None and (new is None or metadata_of(new).uid != metadata_of(old).uid):
            uid = metadata_of(old).uid
            dependents = self._graph.remove(uid)
            look_at.update(dict.fromkeys(dependents))
            if dependents:
                self._gone((None, uid))
        if new is not None:
            item = Item(kind, new, metadata_of(new))
            look_at.update(dict.fromkeys(self._graph.put(item)))
        for uid in look_at:
            self.queue.add(uid)

    async def reconcile(self, uid: str) -> float | None:
        """Look at one object."""
        item = self._graph.get(uid)
        if item is None:
            return None
        owners: dict[str, OwnerState] = {}
        unseen = False
        if not item.is_going:
            for reference in item.metadata.owner_references:
                owners[reference.uid] = await self._state(item, reference)
                unseen |= (
                    owners[reference.uid] == "there" and self._graph.get(reference.uid) is None
                )
        plan = decide(item, owners, self._graph.dependents_of(uid))
        again_after_s = await carry_out(plan, self._client, recorder=self._recorder)
        return UNSEEN_AGAIN_AFTER_S if unseen else again_after_s

    async def _state(self, item: Item, reference: OwnerReference) -> OwnerState:
        owner = self._graph.get(reference.uid)
        if owner is not None and _is_named(owner, reference):
            if owner.kind.namespaced and owner.metadata.namespace != item.metadata.namespace:
                return "elsewhere"
            return "waiting" if owner.waits else "there"
        return await self._ask(item, reference)

    async def _ask(self, item: Item, reference: OwnerReference) -> OwnerState:
        """Ask the server about an owner that our copy does not show."""
        if (None, reference.uid) in self._absent:
            return "gone"  # We saw it go.
        kind = self._kind(reference)
        if kind is None:
            return "unknown"
        if kind.namespaced and not item.metadata.namespace:
            return "elsewhere"
        absent = (item.metadata.namespace, reference.uid)
        if absent in self._absent:
            return "gone"
        key = Key(item.metadata.namespace if kind.namespaced else "", reference.name)
        try:
            owner = await self._client.get(tag_type(kind), key)
        except NotFoundError:
            return self._gone(absent)
        found = metadata_of(owner)
        if found.uid != reference.uid:
            return self._gone(absent)
        return "waiting" if Item(kind, owner, found).waits else "there"

    def _kind(self, reference: OwnerReference) -> Kind | None:
        row = (reference.api_version, reference.kind)
        return BUILT_IN_TABLE.by_kind(*row) or self._custom.by_kind(*row)

    def _gone(self, absent: tuple[str | None, str]) -> OwnerState:
        self._absent[absent] = None
        if len(self._absent) > ABSENT_REMEMBERED_MAX:
            self._absent.popitem(last=False)
        return "gone"


def _is_named(owner: Item, reference: OwnerReference) -> bool:
    """Whether the reference tells kind and name of the owner with its uid right."""
    group = reference.api_version.rpartition("/")[0]
    return (owner.kind.group, owner.kind.name, owner.metadata.name) == (
        group,
        reference.kind,
        reference.name,
    )

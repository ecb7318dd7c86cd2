"""What all verbs share: the store, the resources, the clock, admission."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from apiserver.admission.admission import Attributes, Chain, Operation
from apiserver.registry import failures
from apiserver.registry.custom_version import CustomVersion, Enrichment
from apiserver.registry.parts import Object
from apiserver.registry.request import Request
from apiserver.registry.resource import Resource
from apiserver.registry.settings import Settings
from apiserver.storage.entry import Entry
from apiserver.storage.store import RevisionMismatchError, Store
from apiserver.strategies.core.service import ServiceRules
from apiserver.strategies.strategy import Context, Strategy
from apiserver.strategies.table import strategy_of
from knarr.api import times
from knarr.api.apply.schema import Schema, from_open_api
from knarr.api.kind import Kind
from knarr.api.kind_table import KindTable, kind_of
from knarr.api.kinds import BUILT_IN
from knarr.api.structs import ApiStruct
from knarr.daemon.clock import Clock

NOT_STORED = frozenset({"bindings", "componentstatuses"})
"""Resources that are answered and not kept, beside all reviews."""

_SAME_STORE = {
    ("events.k8s.io", "v1", "events"): ("", "v1", "events"),
    ("autoscaling", "v1", "horizontalpodautoscalers"): (
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
    ),
}
"""Kinds that are another view of a stored one."""


class Core:
    """One server's store and what is known of what lies in it."""

    def __init__(self, store: Store, *, clock: Clock, rng: Random, settings: Settings) -> None:
        self.store = store
        self.clock = clock
        self.rng = rng
        self.settings = settings
        self.kinds = KindTable()
        self.chain = Chain(())
        self._second = (-1, "")
        self.resources: dict[tuple[str, str], Resource] = {}
        self.started: list[Callable[[Resource], None]] = []
        """Told of each resource that begins to be served."""
        self.stopped: list[Callable[[Resource], None]] = []
        """Told of each resource that is served no longer."""
        self.custom: dict[tuple[str, str, str], CustomVersion] = {}
        """What is known of custom resources, by group, version and plural."""
        self._views: dict[tuple[str, str, str], Resource] = {}
        for kind in BUILT_IN:
            if (kind.group, kind.version, kind.plural) not in _SAME_STORE and is_stored(kind):
                self.serve(kind, self._strategy_of(kind))

    def _strategy_of(self, kind: Kind) -> Strategy[Any] | None:
        """The rules of a kind for which an operator's choices count."""
        if (kind.group, kind.name) != ("", "Service"):
            return None
        return ServiceRules(tuple(f"IPv{one.version}" for one in self.settings.service_networks))

    def serve(self, kind: Kind, strategy: Strategy[Any] | None = None) -> Resource:
        """Keep a resource from now on; its cache is to be run by whoever is told.

        Wait for `resource.cache.ready()` before the kind is added to `kinds`,
        else the first requests find nothing.
        """
        resource = Resource(self.store, kind, strategy or strategy_of(kind))
        self.resources[kind.group, kind.plural] = resource
        for tell in self.started:
            tell(resource)
        return resource

    async def serve_custom(
        self,
        stored: CustomVersion,
        versions: Sequence[CustomVersion],
        enrich: Enrichment | None = None,
    ) -> None:
        """Keep a custom resource from now on, or as its definition now says.

        What lies in the store is read anew, and watches of what was before end.
        """
        kind = stored.kind
        resource = Resource(
            self.store,
            kind,
            stored.strategy,
            coerce=stored.coerce,
            coerce_old={each.kind.api_version: each.coerce for each in versions},
            enrich=enrich,
        )
        for tell in self.started:
            tell(resource)
        await resource.cache.ready()
        self.withdraw(kind)
        self.resources[kind.group, kind.plural] = resource
        for version in versions:
            place = (kind.group, version.kind.version, kind.plural)
            self.custom[place] = version
            self._views[place] = resource.in_version(version)

    def withdraw(self, kind: Kind) -> None:
        """Keep a resource no longer; what is stored of it stays."""
        self._forget_versions(kind)
        resource = self.resources.pop((kind.group, kind.plural), None)
        if resource is not None:
            for tell in self.stopped:
                tell(resource)

    def _forget_versions(self, kind: Kind) -> None:
        places = [key for key in self.custom if (key[0], key[2]) == (kind.group, kind.plural)]
        for place in places:
            del self.custom[place]
            del self._views[place]

    def custom_version(self, kind: Kind) -> CustomVersion | None:
        """What is known of a version of a custom resource, None for built-in kinds."""
        return self.custom.get((kind.group, kind.version, kind.plural))

    def resource_of(self, kind: Kind) -> Resource:
        """The resource a kind is stored as. Raise MethodNotSupportedError where it is not."""
        view = self._views.get((kind.group, kind.version, kind.plural))
        if view is not None:
            return view
        group, _, plural = _SAME_STORE.get(
            (kind.group, kind.version, kind.plural), (kind.group, kind.version, kind.plural)
        )
        resource = self.resources.get((group, plural))
        if resource is None:
            raise failures.method_not_allowed()
        return resource

    def resource(self, object_type: type[ApiStruct]) -> Resource:
        """The resource of a built-in type."""
        return self.resource_of(kind_of(object_type))

    def custom_fields(self, kind: Kind) -> frozenset[str]:
        """Fields of a custom resource that selectors may name."""
        version = self.custom_version(kind)
        return frozenset(version.selectable) if version is not None else frozenset()

    def own_fields(self, kind: Kind) -> str:
        """What stands before the names of fields that only this version of a kind has."""
        version = self.custom_version(kind)
        return version.own_fields if version is not None else ""

    def schema_of_custom(self, kind: Kind) -> Schema:
        """How the fields of a custom resource merge."""
        version = self.custom_version(kind)
        return version.merging if version is not None else from_open_api(None)

    def time_text(self) -> str:
        """The present second as the API writes it."""
        second = int(self.clock.now().timestamp())
        if second != self._second[0]:
            self._second = (second, times.to_time(datetime.fromtimestamp(second, UTC)))
        return self._second[1]

    def new_uid(self) -> str:
        """A uid nobody had before."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    async def current(self, resource: Resource, key: str) -> Entry | None:
        """An object, certainly there if a write of it was answered; perhaps not the newest."""
        entry = resource.cache.get(key)
        if entry is not None:
            return entry
        stored = await self.store.get(key)
        return resource.read(stored) if stored is not None else None

    async def newest(self, resource: Resource, key: str) -> Entry | None:
        """An object as the store has it at this moment."""
        stored = await self.store.get(key)
        if stored is None:
            return None
        entry = resource.cache.get(key)
        if entry is not None and entry.revision == stored.revision:
            return entry
        return resource.read(stored)

    def context(self, request: Request) -> Context:
        """What strategies may know of a request."""
        return Context(
            now=self.clock.now(),
            user=request.user.name,
            namespace=request.namespace,
            subresource=request.subresource,
            uid=request.user.uid,
            groups=request.user.groups,
            extra=request.user.extra,
        )

    def attributes(
        self, request: Request, operation: Operation, name: str, obj: Object, old: Object
    ) -> Attributes:
        """What admission may know of a request."""
        return Attributes(
            operation=operation,
            kind=request.kind,
            namespace=request.namespace,
            name=name,
            subresource=request.subresource,
            object=obj,
            old=old,
            user=request.user.name,
            groups=request.user.groups,
            extra=dict(request.user.extra),
            now=self.clock.now(),
            rng=self.rng,
            dry_run=request.dry_run,
            warnings=request.warnings,
            audit=request.audit,
        )

    async def admit(
        self, request: Request, operation: Operation, name: str, obj: Object, old: Object
    ) -> Object:
        """Let the plugins that may change an object do so."""
        plugins = self.chain.admitting(operation, request.kind, request.subresource)
        if not plugins:
            return obj
        attributes = self.attributes(request, operation, name, obj, old)
        for plugin in plugins:
            attributes.object = await plugin.admit(attributes, self)
        if attributes.reinvoke:
            attributes.is_reinvocation = True
            for plugin in plugins:
                attributes.object = await plugin.admit(attributes, self)
        return attributes.object

    async def approve(
        self, request: Request, operation: Operation, name: str, obj: Object, old: Object
    ) -> None:
        """Let the plugins that may refuse a request do so."""
        plugins = self.chain.validating(operation, request.kind, request.subresource)
        if plugins:
            attributes = self.attributes(request, operation, name, obj, old)
            for plugin in plugins:
                await plugin.validate(attributes, self)

    async def ask(self, request: Request, operation: Operation, kind: Kind, obj: Object) -> None:
        """Let plugins refuse what is done to a part of an object; `obj`, of `kind`, says what."""
        plugins = self.chain.validating(operation, request.kind, request.subresource)
        attributes = self.attributes(request, operation, request.name, obj, None)
        attributes.object_kind = kind
        for plugin in plugins:
            await plugin.validate(attributes, self)

    # What plugins see: admission.View.

    def get(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any | None:
        """An object as the watch cache has it."""
        resource = self.resource(object_type)
        entry = resource.cache.get(resource.key(namespace, name))
        return entry.object if entry is not None else None

    async def get_live(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any | None:
        """An object as the store has it at this moment."""
        resource = self.resource(object_type)
        entry = await self.newest(resource, resource.key(namespace, name))
        return entry.object if entry is not None else None

    def list(self, object_type: type[ApiStruct], namespace: str = "") -> Sequence[Any]:
        """The objects of a kind as the watch cache has them."""
        entries = self.resource(object_type).cache.entries(namespace)
        return [entry.object for entry in entries]

    async def write_status(self, obj: Any) -> bool:
        """Store an object with a changed status; False when another was faster."""
        resource = self.resource(type(obj))
        meta = obj.metadata
        key = resource.key(meta.namespace, meta.name)
        try:
            await self.put(resource, key, obj, expected=int(meta.resource_version))
        except RevisionMismatchError:
            return False
        return True

    async def erase(self, resource: Resource, key: str, obj: Object) -> bool:
        """Take an object out of the store; False when another write was faster."""
        try:
            await self.store.delete(key, expected=int(obj.metadata.resource_version))
        except RevisionMismatchError as error:
            return error.current is None
        resource.removed(obj)
        return True

    async def put(self, resource: Resource, key: str, obj: Object, *, expected: int) -> Entry:
        """Store a change. Raise RevisionMismatchError."""
        obj, json = resource.written(obj)
        revision = await self.store.update(key, resource.stored(json), expected=expected)
        entry = resource.entry(key, revision, obj, json)
        resource.cache.prime(entry)
        return entry


def is_stored(kind: Kind) -> bool:
    """Whether objects of a kind are kept."""
    if not kind.group:
        return kind.plural not in NOT_STORED
    return "get" in kind.verbs

"""What the registry keeps of one stored resource: keys, strategy, stored form, cache.

Stored is the object as JSON, `kind` and `apiVersion` first, without its
resourceVersion, which is the revision of the write. Every version of a kind
shares one resource; the objects in it are of the stored version.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from copy import copy
from typing import Any, Protocol

from msgspec.structs import replace

from apiserver.registry import plain_json
from apiserver.registry.custom_object import CustomObject, custom_object
from apiserver.registry.custom_version import Coercion, CustomVersion, Enrichment, Viewing
from apiserver.registry.parts import Object
from apiserver.storage.cache import Cache
from apiserver.storage.entry import Entry
from apiserver.storage.store import Store, Stored
from apiserver.strategies.strategy import Strategy
from knarr.api import codec
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta

EVENT_TTL_S = 3600
"""How long Events are kept, as kube-apiserver does."""

_FOLDERS = {
    ("", "services"): "services/specs",
    ("", "endpoints"): "services/endpoints",
    ("", "nodes"): "minions",
    ("", "replicationcontrollers"): "controllers",
    ("networking.k8s.io", "ingresses"): "ingress",
    ("apiextensions.k8s.io", "customresourcedefinitions"): (
        "apiextensions.k8s.io/customresourcedefinitions"
    ),
    ("apiregistration.k8s.io", "apiservices"): "apiregistration.k8s.io/apiservices",
}
"""Where Kubernetes keeps what is not below its own plural."""

_INDEXED = {"pods": ("spec.nodeName",)}
"""Fields by which many select: one kubelet its pods."""

_META_OPENS = b'{"metadata":{'


class Allocator(Protocol):
    """Hands out something of which there is only so much."""

    def allocating(self, obj: Any, old: Any, *, dry_run: bool) -> AbstractAsyncContextManager[Any]:
        """The object with what it needs; given back when the block fails. Raise InvalidError."""
        ...

    def changed(self, obj: Any, old: Any) -> None:
        """A change is stored, and what only the old object had is free."""
        ...

    def removed(self, obj: Any) -> None:
        """An object is gone and needs nothing any more."""
        ...


class Resource:
    """One resource and the form it is stored in."""

    def __init__(
        self,
        store: Store,
        kind: Kind,
        strategy: Strategy[Any],
        *,
        coerce: Coercion | None = None,
        coerce_old: Mapping[str, Coercion] | None = None,
        enrich: Enrichment | None = None,
    ) -> None:
        self.kind = kind
        """The stored version; of a view the version it shows."""
        self.strategy = strategy
        self.coerce = coerce
        """Makes what lies in the store an object as the definition now wants it."""
        self._coerce_old = coerce_old or {}
        self.enrich = enrich
        """Adds fields to entries that only a program outside can tell."""
        self.viewing: Viewing | None = None
        """Of a view of another version: how objects get from one to the other."""
        self.prefix = f"/registry/{_folder(kind)}/"
        self.type: type[Any] = kind.type if kind.type_path else CustomObject
        self._head = b'{"kind":"%s","apiVersion":"%s",' % (
            kind.name.encode(),
            kind.api_version.encode(),
        )
        self.allocator: Allocator | None = None
        """Hands out addresses, ports and the like to objects of this resource."""
        self.indexed = _INDEXED.get(kind.resource, ())
        """Fields by which the cache finds objects at once."""
        self.cache = Cache(
            store,
            self.prefix,
            self.read,
            at_revision=at_revision,
            indexed=self.indexed,
            enrich=enrich,
        )

    def in_version(self, version: CustomVersion) -> "Resource":
        """The same resource as clients of one version of it see it."""
        view = copy(self)
        view.kind = version.kind
        view.strategy = version.strategy
        view.viewing = version.viewing
        return view

    async def in_view(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Stored entries in the version that is shown."""
        return entries if self.viewing is None else await self.viewing.shown(entries)

    async def one_in_view(self, entry: Entry) -> Entry:
        """A stored entry in the version that is shown."""
        return entry if self.viewing is None else (await self.viewing.shown([entry]))[0]

    async def to_store(self, obj: Object) -> Object:
        """An object of the version that is shown, in the stored one."""
        return obj if self.viewing is None else await self.viewing.stored(obj)

    @property
    def ttl_s(self) -> int:
        """How long objects are kept; 0 for ever."""
        return EVENT_TTL_S if self.kind.plural == "events" and self.kind.type_path else 0

    def allocating(
        self, obj: Object, old: Object, *, dry_run: bool
    ) -> AbstractAsyncContextManager[Any]:
        """Take what the object needs of limited goods; give it back when the block fails."""
        if self.allocator is None:
            return nullcontext(obj)
        return self.allocator.allocating(obj, old, dry_run=dry_run)

    def changed(self, obj: Object, old: Object) -> None:
        """Give back what only the old object had."""
        if self.allocator is not None:
            self.allocator.changed(obj, old)

    def removed(self, obj: Object) -> None:
        """Give back what a deleted object had of limited goods."""
        if self.allocator is not None:
            self.allocator.removed(obj)

    def key(self, namespace: str, name: str) -> str:
        """Where an object lies in the store."""
        if self.kind.namespaced:
            return f"{self.prefix}{namespace}/{name}"
        return f"{self.prefix}{name}"

    def encode(self, obj: Object) -> bytes:
        """The object as JSON without `kind` and `apiVersion`; its metadata comes first."""
        if isinstance(obj, CustomObject):
            return codec.encode({"metadata": obj.metadata, **obj.content})
        return codec.encode(obj)

    def written(self, obj: Object) -> tuple[Object, bytes]:
        """An object as it is stored, without a resourceVersion, and its JSON."""
        if isinstance(obj, CustomObject) and obj.stored_as:
            obj = replace(obj, stored_as="")
        if obj.metadata.resource_version:
            obj = replace(obj, metadata=replace(obj.metadata, resource_version=""))
        return obj, self.encode(obj)

    def stored(self, json: bytes) -> bytes:
        """The value to store for an object encoded without its resourceVersion."""
        return self._head + json[1:]

    def entry(self, key: str, revision: int, obj: Object, json: bytes) -> Entry:
        """An object just written; `json` is without its resourceVersion."""
        meta = replace(obj.metadata, resource_version=str(revision))
        return self._entry(
            key, revision, replace(obj, metadata=meta), _with_version(json, revision)
        )

    def unwritten(self, key: str, obj: Object) -> Entry:
        """An object that is answered and never stored, such as a dry run's."""
        return self._entry(key, 0, obj, self.encode(obj))

    def read(self, stored: Stored) -> Entry:
        """The entry for a stored value."""
        value = stored.value
        if self.coerce is not None:
            obj = self._decode_custom(value)
            return self.entry(stored.key, stored.revision, obj, self.encode(obj))
        if value.startswith(self._head):
            json = _with_version(b"{" + value[len(self._head) :], stored.revision)
            return self._entry(stored.key, stored.revision, self.decode(json), json)
        obj = self.decode(value)
        return self.entry(stored.key, stored.revision, obj, self.encode(obj))

    def decode(self, json: bytes) -> Object:
        """Read an object of the stored version that this server wrote."""
        if self.kind.type_path:
            return codec.decode(self.type, json)
        return _custom(plain_json.decode(json), self.coerce)

    def _decode_custom(self, value: bytes) -> Object:
        """Read an object, perhaps of a version that was the stored one before."""
        plain = plain_json.decode(value)
        version = plain.get("apiVersion")
        obj = _custom(plain, self._coerce_old.get(str(version), self.coerce))
        if version == self.kind.api_version:
            return obj
        return replace(obj, stored_as=version)

    def fields(self, obj: Object) -> Mapping[str, str]:
        """What field selectors see of an object."""
        meta = obj.metadata
        known = {"metadata.name": meta.name}
        if self.kind.namespaced:
            known["metadata.namespace"] = meta.namespace
        more = self.strategy.fields(obj)
        if more:
            known.update(more)
        return known

    def _entry(self, key: str, revision: int, obj: Object, json: bytes) -> Entry:
        return Entry(
            key=key,
            revision=revision,
            json=json,
            obj=obj,
            labels=obj.metadata.labels,
            fields=dict(self.fields(obj)),
        )


def _custom(plain: dict[str, Any], coerce: Coercion | None) -> CustomObject:
    if coerce is not None:
        plain, _ = coerce(plain)
    metadata: ObjectMeta = codec.from_plain(ObjectMeta, plain.get("metadata") or {})
    return custom_object(plain, metadata)


def at_revision(entry: Entry, revision: int) -> Entry:
    """The same object with another revision: what is told of it when it is gone."""
    obj: Any = entry.object
    meta = replace(obj.metadata, resource_version=str(revision))
    opens = len(_META_OPENS) + len(b'"resourceVersion":"%d",' % entry.revision)
    return Entry(
        key=entry.key,
        revision=revision,
        json=_with_version(_META_OPENS + entry.json[opens:], revision),
        obj=replace(obj, metadata=meta),
        labels=entry.labels,
        fields=entry.fields,
    )


def _with_version(json: bytes, revision: int) -> bytes:
    assert json.startswith(_META_OPENS), "every stored object begins with its metadata"
    return b'{"metadata":{"resourceVersion":"%d",%s' % (revision, json[len(_META_OPENS) :])


def _folder(kind: Kind) -> str:
    if not kind.type_path:
        return f"{kind.group}/{kind.plural}"
    return _FOLDERS.get((kind.group, kind.plural), kind.plural)

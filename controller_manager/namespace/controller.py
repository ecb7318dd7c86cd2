"""Watches Namespaces, and everything for the moment when it leaves one."""

from typing import Any

from controller_manager.custom_kinds import CustomKinds
from controller_manager.garbagecollector.controller import watched_type
from controller_manager.namespace.decide import Content, decide
from knarr.api.core.namespace import Namespace
from knarr.api.errors import MethodNotSupportedError, NotFoundError
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.api.structs import ApiStruct
from knarr.api.tags import tag_type
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.objects import metadata_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock

_VIEWS = frozenset(
    {("autoscaling", "v1", "horizontalpodautoscalers"), ("events.k8s.io", "v1", "events")}
)
"""Rows that show the objects of another row."""


def content_kinds() -> list[Kind]:
    """The kinds whose objects lie in Namespaces."""
    return [
        kind
        for kind in BUILT_IN
        if kind.namespaced
        and {"list", "delete"} <= set(kind.verbs)
        and (kind.group, kind.version, kind.plural) not in _VIEWS
    ]


class NamespaceController:
    """Empties the Namespaces that are being deleted."""

    name = "namespace"

    def __init__(
        self,
        client: Client,
        namespaces: Informer[Namespace],
        informers: Informers,
        custom: CustomKinds,
        clock: Clock,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._namespaces = namespaces
        self._custom = custom
        self._clock = clock
        feed(self.queue, namespaces)
        for kind in content_kinds():
            if kind.plural != "events" and "watch" in kind.verbs:
                informers.of(watched_type(kind)).handle(self._left)
        custom.follow(lambda _, informer: informer.handle(self._left))

    async def reconcile(self, key: Key) -> float | None:
        """Take one Namespace a step closer to its end."""
        namespace = self._namespaces.objects.get(key)
        if namespace is None or namespace.metadata.deletion_timestamp is None:
            return None
        # A definition that nobody has told us of yet might hide what lies here.
        await self._custom.current(self._client)
        kinds = [*content_kinds(), *(kind for kind in self._custom if kind.namespaced)]
        content = [
            Content(kind, each, metadata_of(each))
            for kind in kinds
            for each in await self._list(kind, key.name)
        ]
        plan = decide(namespace, content, now=self._clock.now())
        again_after_s = await carry_out(plan, self._client, self._namespaces)
        # Most of it is gone by now: only a second look tells what stays.
        return 0.0 if plan.delete else again_after_s

    async def _list(self, kind: Kind, namespace: str) -> Any:
        """What lies there now: a copy that lags behind might hide what must go first."""
        try:
            return (await self._client.list(tag_type(kind), namespace=namespace)).items
        except (NotFoundError, MethodNotSupportedError):
            if kind.type_path:
                raise
            return ()  # The definition has just gone, and all its objects with it.

    def _left(self, old: ApiStruct | None, new: ApiStruct | None) -> None:
        """Look at a Namespace on its way out when something has left it."""
        if new is not None or old is None or not self._namespaces.is_listed:
            return
        key = Key("", metadata_of(old).namespace)
        namespace = self._namespaces.objects.get(key)
        if namespace is not None and namespace.metadata.deletion_timestamp is not None:
            self.queue.add(key)

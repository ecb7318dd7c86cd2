"""The old view of a cluster's health: components by name, each healthy or not."""

from collections.abc import Awaitable, Callable, Sequence

from apiserver.registry.request import Answer, ListOptions, ListPage, Request
from apiserver.storage.entry import Entry
from knarr.api import codec
from knarr.api.core.component_status import ComponentCondition, ComponentStatus
from knarr.api.errors import NotFoundError
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.status import StatusDetails

KIND: Kind = kind_of(ComponentStatus)

Check = Callable[[], Awaitable[object]]


class ComponentStatuses:
    """Makes the objects when they are asked for; nothing of them is stored.

    Scheduler and controller manager are not asked: they may run on other
    hosts, and whether they live is seen from their leases.
    """

    def __init__(self, store: Check) -> None:
        self._store = store

    async def list(self, request: Request, options: ListOptions) -> ListPage:
        """All components, whatever selectors say."""
        return ListPage(await self._entries(), 0)

    async def _entries(self) -> Sequence[Entry]:
        entries = [_entry(name, "ok") for name in ("scheduler", "controller-manager")]
        return [*entries, await self._store_entry()]

    async def get(self, request: Request) -> Answer:
        """One component. Raise NotFoundError."""
        name = request.name
        for entry in await self._entries():
            if entry.key == name:
                return Answer(kind=KIND, entry=entry)
        raise NotFoundError(
            f'componentstatus "{name}" not found',
            details=StatusDetails(name=name, kind="componentstatus"),
        )

    async def _store_entry(self) -> Entry:
        try:
            await self._store()
        except Exception as error:
            return _entry("etcd-0", "", str(error) or type(error).__name__)
        return _entry("etcd-0", "ok")


def _entry(name: str, message: str, error: str = "") -> Entry:
    condition = ComponentCondition(
        type="Healthy", status="False" if error else "True", message=message, error=error
    )
    obj = ComponentStatus(metadata=ObjectMeta(name=name), conditions=(condition,))
    return Entry(
        key=name,
        revision=0,
        json=codec.encode(obj),
        obj=obj,
        labels={},
        fields={"metadata.name": name},
    )

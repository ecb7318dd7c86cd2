"""Takes what informers tell of devices into the inventory, and wakes the pods it may help."""

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct

from knarr.api.resource.dynamic_resources import DeviceClass, ResourceClaim, ResourceSlice
from knarr.api.structs import ApiStruct
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from scheduler.plugins.plugin import Happening
from scheduler.queue import SchedulingQueue
from scheduler.snapshot import Snapshot

WATCHED: tuple[type[ApiStruct], ...] = (DeviceClass, ResourceClaim, ResourceSlice)
"""The kinds that have to do with devices."""


class DeviceWatcher(Struct):
    """Keeps the snapshot's inventory up to date."""

    snapshot: Snapshot
    queue: SchedulingQueue

    def watch(self, informers: Informers) -> None:
        """Take in everything there is and whatever changes from now on."""
        inventory = self.snapshot.devices
        informers.of(DeviceClass).handle(
            partial(self._changed, lambda key, new: inventory.put_class(key.name, new))
        )
        informers.of(ResourceSlice).handle(
            partial(self._changed, lambda key, new: inventory.put_slice(key.name, new))
        )
        informers.of(ResourceClaim).handle(partial(self._changed, inventory.put_claim))

    def _changed(self, put: Callable[[Any, Any], None], old: Any | None, new: Any | None) -> None:
        either = new if new is not None else old
        assert either is not None, "an event is about something"
        put(key_of(either), new)
        self.queue.happened(self.snapshot, Happening("devices changed"))

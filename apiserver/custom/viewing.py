"""Shows custom objects in another version than the stored one."""

from collections.abc import Sequence

from apiserver.custom.strategy import CustomStrategy
from apiserver.registry.custom_object import CustomObject
from apiserver.registry.parts import Object
from apiserver.storage.entry import Entry
from knarr.api import codec


class PlainView:
    """Conversion `None`: the versions are alike but for what their schemas know."""

    def __init__(self, wanted: CustomStrategy, stored: CustomStrategy) -> None:
        self._wanted = wanted
        self._stored = stored

    async def shown(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The entries as the schema of this version wants them."""
        return [self._shown(entry) for entry in entries]

    def _shown(self, entry: Entry) -> Entry:
        assert isinstance(entry.object, CustomObject), "only custom kinds have versions like this"
        made = self._wanted.coerced(entry.object)
        return entry if made is entry.object else entry_with(entry, made)

    async def stored(self, obj: Object) -> Object:
        """The object as the schema of the stored version wants it."""
        return self._stored.coerced(obj)


def entry_with(entry: Entry, obj: CustomObject) -> Entry:
    """The same entry with another object in it."""
    return Entry(
        key=entry.key,
        revision=entry.revision,
        json=codec.encode({"metadata": obj.metadata, **obj.content}),
        obj=obj,
        labels=entry.labels,
        fields=entry.fields,
    )

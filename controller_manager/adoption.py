"""How a controller finds the orphans it might adopt, and who might want a new one.

Orphans are found by their labels, so that a namespace full of pods without an
owner costs a controller nothing but those its selector means.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from knarr.api.errors import ConflictError
from knarr.api.keys import Key
from knarr.api.selectors import Selector
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.objects import controller_of, key_of, metadata_of

C = TypeVar("C", bound=ApiStruct)
P = TypeVar("P", bound=ApiStruct)

_INDEX = "orphan"


def index_orphans(children: Informer[C]) -> None:
    """Make the informer's orphans known to `orphans_of`."""
    children.index(_INDEX, _places)


def _places(child: ApiStruct) -> tuple[str, ...]:
    if controller_of(child) is not None:
        return ()
    metadata = metadata_of(child)
    namespace = metadata.namespace
    return (
        namespace,
        *(f"{namespace}/{label}={value}" for label, value in metadata.labels.items()),
    )


def orphans_of(children: Informer[C], namespace: str, selector: Selector) -> list[C]:
    """The children in a namespace that nobody controls and `selector` means."""
    if selector.is_nothing:
        return []
    place = namespace
    if selector.exact:
        label, value = selector.exact[0]
        place = f"{namespace}/{label}={value}"
    return [
        child for child in children.by(_INDEX, place) if selector.matches(metadata_of(child).labels)
    ]


def adopters(
    owners: Informer[P], selector_of: Callable[[P], Selector]
) -> Callable[[C], Iterable[Key]]:
    """Name the owners whose selector means a child that nobody controls."""

    def keys(child: C) -> Iterable[Key]:
        if controller_of(child) is not None or not owners.is_listed:
            return ()
        metadata = metadata_of(child)
        return tuple(
            key_of(owner)
            for owner in owners.in_namespace(metadata.namespace)
            if selector_of(owner).matches(metadata.labels)
        )

    return keys


async def surely_there(client: Client, owner: ApiStruct) -> None:
    """Ask the server whether the owner still is there before it adopts anything.

    Raise ConflictError when it is another one by now or about to go, and
    NotFoundError when it is gone: its new children would be taken for orphans.
    """
    fresh = metadata_of(await client.get(type(owner), key_of(owner)))
    if fresh.uid != metadata_of(owner).uid or fresh.deletion_timestamp is not None:
        raise ConflictError(f"{key_of(owner)} has gone or is about to go")

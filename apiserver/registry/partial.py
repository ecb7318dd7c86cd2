"""Objects reduced to their metadata, and what lists and bookmarks say of themselves."""

import msgspec

from apiserver.registry.request import ListPage
from apiserver.storage.entry import Entry, Event


class _OnlyMetadata(msgspec.Struct):
    metadata: msgspec.Raw


_decode = msgspec.json.Decoder(_OnlyMetadata).decode


def metadata_of(entry: Entry) -> bytes:
    """The metadata of an object as it lies in its bytes."""
    return bytes(_decode(entry.json).metadata)


def partial_object(entry: Entry, version: str) -> bytes:
    """An object as PartialObjectMetadata."""
    return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":%s}' % (
        version.encode(),
        metadata_of(entry),
    )


def list_meta(page: ListPage, *, is_custom: bool = False) -> bytes:
    """The metadata of a list; one of custom objects always tells where to go on."""
    parts = [b'"resourceVersion":"%d"' % page.revision] if page.revision else []
    if page.continue_token or is_custom:
        parts.append(b'"continue":%s' % msgspec.json.encode(page.continue_token))
    if page.remaining is not None:
        parts.append(b'"remainingItemCount":%d' % page.remaining)
    return b"{%s}" % b",".join(parts)


def bookmark(name: str, api_version: str, event: Event) -> bytes:
    """The object of a bookmark: nothing but a revision, and whether the initial events ended."""
    metadata: dict[str, object] = {"resourceVersion": str(event.revision)}
    if event.initial_events_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return msgspec.json.encode({"kind": name, "apiVersion": api_version, "metadata": metadata})

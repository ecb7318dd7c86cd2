"""Objects reduced to their metadata."""

import msgspec

from apiserver.storage.entry import Entry


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

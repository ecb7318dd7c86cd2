"""Lists as clients get them: ready bytes joined."""

from apiserver.registry.partial import list_meta, partial_object
from apiserver.registry.request import ListPage
from knarr.api.kind import Kind


def list_bytes(kind: Kind, page: ListPage) -> bytes:
    """A list of whole objects."""
    name = kind.list_name or f"{kind.name}List"
    head = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[' % (
        name.encode(),
        kind.api_version.encode(),
        list_meta(page, is_custom=not kind.type_path),
    )
    if kind.type_path:
        items = [entry.json for entry in page.entries]
    else:
        # Objects without a type of the server's own say what they are, each of them.
        items = [entry.whole(kind) for entry in page.entries]
    if not items:
        return head + b"]}\n"
    # One join and no more: a large list is copied once.
    items[0] = head + items[0]
    items[-1] += b"]}\n"
    return b",".join(items)


def partial_list_bytes(page: ListPage, version: str) -> bytes:
    """A list of objects reduced to their metadata."""
    return b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/%s",' % (
        version.encode()
    ) + b'"metadata":%s,"items":[%s]}\n' % (
        list_meta(page),
        b",".join([partial_object(entry, version) for entry in page.entries]),
    )

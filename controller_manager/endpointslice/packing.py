"""Spreads endpoints over slices of bounded size, changing as few of them as possible.

A slice that watchers know keeps the endpoints that stay, in their order;
endpoints that come fill the slices which change anyway, then those with room,
then slices made for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from msgspec import Struct, field
from msgspec.structs import replace

from knarr.api.discovery.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from knarr.api.meta.object_meta import ObjectMeta

ENDPOINTS_PER_SLICE_MAX = 100
"""Most endpoints in one slice, so that a change of one pod stays a small message."""

SERVICE_NAME = "kubernetes.io/service-name"
"""The label of a slice that says whose endpoints it lists."""

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
"""The label of a slice that says who writes it."""

Ports = tuple[EndpointPort, ...]
Group = tuple[str, Ports]
"""Endpoints that can share a slice: one family of addresses, the same ports."""


class Packed(Struct):
    """What is to be written so that the slices list what is wanted."""

    update: list[EndpointSlice] = field(default_factory=list)
    delete: list[EndpointSlice] = field(default_factory=list)
    create: list[EndpointSlice] = field(default_factory=list)


def group_of(endpoint_slice: EndpointSlice) -> Group:
    """The group whose endpoints a slice may hold."""
    return endpoint_slice.address_type, endpoint_slice.ports


def pack(
    wanted: Mapping[Group, Sequence[Endpoint]],
    slices: Iterable[EndpointSlice],
    metadata: ObjectMeta,
) -> Packed:
    """Have the slices list the wanted endpoints; all slices get these labels and owners.

    A group that is wanted without endpoints has one empty slice.
    """
    packed = Packed()
    by_group: dict[Group, list[EndpointSlice]] = {}
    for endpoint_slice in slices:
        group = group_of(endpoint_slice)
        is_ours = group in wanted and endpoint_slice.metadata.deletion_timestamp is None
        if is_ours:
            by_group.setdefault(group, []).append(endpoint_slice)
        else:
            packed.delete.append(endpoint_slice)
    for group, endpoints in wanted.items():
        _pack_group(packed, group, endpoints, by_group.get(group, []), metadata)
    return packed


def _pack_group(
    packed: Packed,
    group: Group,
    endpoints: Sequence[Endpoint],
    slices: Sequence[EndpointSlice],
    metadata: ObjectMeta,
) -> None:
    missing = {_identity(endpoint): endpoint for endpoint in endpoints}
    kept = [_still_wanted(endpoint_slice, missing) for endpoint_slice in slices]
    coming = iter(tuple(missing.values()))
    # Those that change anyway are filled first, of the others the fullest.
    order = sorted(
        range(len(slices)), key=lambda i: (kept[i] == slices[i].endpoints, -len(kept[i]))
    )
    changes_anyway = any(kept[i] != slices[i].endpoints for i in order)
    left = len(missing)
    for i in order:
        is_changed = kept[i] != slices[i].endpoints
        room = ENDPOINTS_PER_SLICE_MAX - len(kept[i])
        if left and (is_changed or not changes_anyway or left <= room):
            taken = tuple(islice(coming, room))
            left -= len(taken)
            kept[i] = (*kept[i], *taken)
    _write_back(packed, slices, kept, metadata, keep_one=not endpoints)
    while left > 0:
        taken = tuple(islice(coming, ENDPOINTS_PER_SLICE_MAX))
        left -= len(taken)
        packed.create.append(_slice(group, taken, metadata))
    if not endpoints and not slices:
        packed.create.append(_slice(group, (), metadata))


def _still_wanted(
    endpoint_slice: EndpointSlice, missing: dict[tuple[str, ...], Endpoint]
) -> tuple[Endpoint, ...]:
    """The slice's endpoints that stay, as they are to be; they are missing no longer."""
    found = (missing.pop(_identity(endpoint), None) for endpoint in endpoint_slice.endpoints)
    return tuple(endpoint for endpoint in found if endpoint is not None)


def _identity(endpoint: Endpoint) -> tuple[str, ...]:
    uid = "" if endpoint.target_ref is None else endpoint.target_ref.uid
    return (uid, *endpoint.addresses)


def _write_back(
    packed: Packed,
    slices: Sequence[EndpointSlice],
    kept: Sequence[tuple[Endpoint, ...]],
    metadata: ObjectMeta,
    *,
    keep_one: bool,
) -> None:
    for endpoint_slice, endpoints in zip(slices, kept, strict=True):
        if not endpoints and not keep_one:
            packed.delete.append(endpoint_slice)
            continue
        keep_one = False if not endpoints else keep_one
        changed = replace(
            endpoint_slice,
            endpoints=endpoints,
            metadata=replace(
                endpoint_slice.metadata,
                labels=metadata.labels,
                owner_references=metadata.owner_references,
            ),
        )
        if changed != endpoint_slice:
            packed.update.append(changed)


def _slice(group: Group, endpoints: tuple[Endpoint, ...], metadata: ObjectMeta) -> EndpointSlice:
    address_type, ports = group
    return EndpointSlice(
        metadata=metadata, address_type=address_type, endpoints=endpoints, ports=ports
    )

"""Which devices a node can use."""

from collections.abc import Iterable, Iterator, Mapping

from knarr.api.node_choice import selects
from knarr.api.resource.dynamic_resources import ResourceSlice
from scheduler.devices.inventory import ALL_NODES, DeviceId, Found, Inventory


def offered(inventory: Inventory, name: str, labels: Mapping[str, str]) -> list[Found]:
    """The devices of complete pools that a node reaches, in the order of their names."""
    near = inventory.slices_by_node.get(name, {})
    anywhere = inventory.slices_by_node.get(ALL_NODES, {})
    slices = _newest([*near.values(), *anywhere.values()], inventory.slices.values())
    found = [each for one in slices for each in _reachable(one, name, labels)]
    found.sort(key=lambda each: (each.id.driver, each.id.pool, each.slice.metadata.name))
    return found


def _newest(
    slices: Iterable[ResourceSlice], everywhere: Iterable[ResourceSlice]
) -> Iterator[ResourceSlice]:
    """The slices of the newest generation of each pool that has all of its slices."""
    wanted = {(each.spec.driver, each.spec.pool.name) for each in slices}
    newest: dict[tuple[str, str], int] = {}
    counts: dict[tuple[str, str, int], int] = {}
    for each in everywhere:
        pool = (each.spec.driver, each.spec.pool.name)
        if pool in wanted:
            generation = each.spec.pool.generation
            newest[pool] = max(newest.get(pool, generation), generation)
            counts[(*pool, generation)] = counts.get((*pool, generation), 0) + 1
    for each in slices:
        pool, spec = (each.spec.driver, each.spec.pool.name), each.spec.pool
        is_whole = counts[(*pool, spec.generation)] == spec.resource_slice_count
        if spec.generation == newest[pool] and is_whole:
            yield each


def _reachable(slice_: ResourceSlice, name: str, labels: Mapping[str, str]) -> Iterator[Found]:
    spec = slice_.spec
    if spec.node_selector is not None and not selects(spec.node_selector, name, labels):
        return
    for device in spec.devices:
        if spec.per_device_node_selection and not (
            device.all_nodes
            or device.node_name == name
            or (device.node_selector and selects(device.node_selector, name, labels))
        ):
            continue
        yield Found(DeviceId(spec.driver, spec.pool.name, device.name), device, slice_)

"""Finds a device for each request of some claims, by trying and going back.

The first devices that do are taken, in the order in which they are offered;
of the alternatives of a request the first that works.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field

from knarr.api import quantities
from knarr.api.core.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from knarr.api.resource.dynamic_resources import (
    AllocationResult,
    DeviceAllocationConfiguration,
    DeviceAllocationResult,
    DeviceClass,
    DeviceConstraint,
    DeviceRequest,
    DeviceRequestAllocationResult,
    DeviceSubRequest,
    ExactDeviceRequest,
    ResourceClaim,
)
from scheduler.devices.inventory import DeviceId, Found, Inventory
from scheduler.devices.selectors import attribute, is_tolerated, wanted

STEPS_MAX = 50_000
"""Devices tried for one pod and node; a search that takes longer is given up."""


class Pick(Struct, frozen=True):
    """A device that is to be given to a request."""

    name: str
    """The request, and after a slash which of its alternatives."""
    found: Found
    request: ExactDeviceRequest | DeviceSubRequest


def allocate(
    inventory: Inventory, node_name: str, devices: Sequence[Found], claims: Sequence[ResourceClaim]
) -> list[AllocationResult] | None:
    """What the claims are given on a node, None where they cannot all have what they want."""
    search = _Search(inventory, devices, inventory.in_use())
    if not search.claims(claims):
        return None
    return [
        _result(inventory, node_name, claim, picks)
        for claim, picks in zip(claims, search.done, strict=True)
    ]


class _Search(Struct):
    inventory: Inventory
    devices: Sequence[Found]
    taken: set[DeviceId]
    done: list[tuple[Pick, ...]] = field(default_factory=list)
    steps: int = 0

    def claims(self, claims: Sequence[ResourceClaim]) -> bool:
        """Whether every claim can be met; `done` says how."""
        if not claims:
            return True
        devices = claims[0].spec.devices
        if devices is None:
            return self._finish((), claims[1:])
        return self._requests(
            devices.requests,
            devices.constraints,
            (),
            lambda picks: self._finish(picks, claims[1:]),
        )

    def _finish(self, picks: tuple[Pick, ...], rest: Sequence[ResourceClaim]) -> bool:
        self.done.append(picks)
        if self.claims(rest):
            return True
        self.done.pop()
        return False

    def _requests(
        self,
        requests: Sequence[DeviceRequest],
        constraints: Sequence[DeviceConstraint],
        picks: tuple[Pick, ...],
        then: Callable[[tuple[Pick, ...]], bool],
    ) -> bool:
        if not requests:
            return then(picks)
        for name, request in _alternatives(requests[0]):
            will_do = [each for each in self.devices if self._will_do(each, request)]
            many = request.count if request.allocation_mode != "All" else len(will_do)
            if many and self._pick(
                _Wish(name, request, will_do, many),
                constraints,
                picks,
                lambda picks: self._requests(requests[1:], constraints, picks, then),
            ):
                return True
        return False

    def _pick(
        self,
        wish: "_Wish",
        constraints: Sequence[DeviceConstraint],
        picks: tuple[Pick, ...],
        then: Callable[[tuple[Pick, ...]], bool],
    ) -> bool:
        """Give one device after the other to a request."""
        if not wish.missing:
            return then(picks)
        for number, found in enumerate(wish.devices):
            if len(wish.devices) - number < wish.missing or self.steps > STEPS_MAX:
                return False
            self.steps += 1
            more = (*picks, Pick(wish.name, found, wish.request))
            may_have = wish.is_admin or self._is_free(found)
            if not may_have or not all(_keeps(each, more) for each in constraints):
                continue
            rest = _Wish(wish.name, wish.request, wish.devices[number + 1 :], wish.missing - 1)
            held = set() if wish.is_admin else {found.id}
            self.taken |= held
            if self._pick(rest, constraints, more, then):
                return True
            self.taken -= held
        return False

    def _will_do(self, found: Found, request: ExactDeviceRequest | DeviceSubRequest) -> bool:
        made = self.inventory.classes.get(request.device_class_name)
        return (
            made is not None
            and is_tolerated(found.device, request.tolerations)
            and _is_large_enough(found, request)
            and wanted(found, made.spec.selectors)
            and wanted(found, request.selectors)
        )

    def _is_free(self, found: Found) -> bool:
        """Whether nobody has the device, nor too much of what it shares with others."""
        if found.id in self.taken:
            return False
        return all(
            self._left(found, each.counter_set, name) >= quantities.value(counter.value)
            for each in found.device.consumes_counters
            for name, counter in each.counters.items()
        )

    def _left(self, found: Found, counter_set: str, counter: str) -> int:
        """How much of a counter of the device's pool is left."""
        has, used = 0, 0
        pool = (found.id.driver, found.id.pool)
        for each in self.inventory.slices.values():
            if (each.spec.driver, each.spec.pool.name) != pool:
                continue
            for shared in each.spec.shared_counters:
                if shared.name == counter_set and counter in shared.counters:
                    has = quantities.value(shared.counters[counter].value)
            for device in each.spec.devices:
                if DeviceId(*pool, device.name) in self.taken:
                    used += sum(
                        quantities.value(consumed.counters[counter].value)
                        for consumed in device.consumes_counters
                        if consumed.counter_set == counter_set and counter in consumed.counters
                    )
        return has - used


class _Wish(Struct, frozen=True):
    """How many devices a request still wants, and of which."""

    name: str
    request: ExactDeviceRequest | DeviceSubRequest
    devices: Sequence[Found]
    missing: int

    @property
    def is_admin(self) -> bool:
        """Whether it looks after devices that others use."""
        return bool(getattr(self.request, "admin_access", False))


def _alternatives(
    request: DeviceRequest,
) -> Iterator[tuple[str, ExactDeviceRequest | DeviceSubRequest]]:
    if request.exactly is not None:
        yield request.name, request.exactly
    for each in request.first_available:
        yield f"{request.name}/{each.name}", each


def _is_large_enough(found: Found, request: ExactDeviceRequest | DeviceSubRequest) -> bool:
    asked = request.capacity.requests if request.capacity is not None else {}
    for name, amount in asked.items():
        domain, _, short = name.partition("/")
        has = found.device.capacity.get(name)
        if has is None and domain == found.id.driver:
            has = found.device.capacity.get(short)
        if has is None or quantities.value(has.value) < quantities.value(amount):
            return False
    return True


def _concerns(requests: Sequence[str], name: str) -> bool:
    return not requests or name in requests or name.partition("/")[0] in requests


def _keeps(constraint: DeviceConstraint, picks: Sequence[Pick]) -> bool:
    """Whether the devices picked for a claim are as alike, or as different, as it wants them."""
    mine = [each.found for each in picks if _concerns(constraint.requests, each.name)]
    name = constraint.match_attribute or constraint.distinct_attribute
    if name is None:
        return True
    values = [attribute(each, name) for each in mine]
    if any(value is None for value in values):
        return False
    if constraint.match_attribute is not None:
        return all(value == values[0] for value in values)
    return all(value not in values[:number] for number, value in enumerate(values))


# ---- what is written


def _result(
    inventory: Inventory, node_name: str, claim: ResourceClaim, picks: Sequence[Pick]
) -> AllocationResult:
    results = tuple(
        DeviceRequestAllocationResult(
            request=each.name,
            driver=each.found.id.driver,
            pool=each.found.id.pool,
            device=each.found.id.device,
            admin_access=getattr(each.request, "admin_access", None),
            tolerations=each.request.tolerations,
            binding_conditions=each.found.device.binding_conditions,
            binding_failure_conditions=each.found.device.binding_failure_conditions,
        )
        for each in picks
    )
    return AllocationResult(
        devices=DeviceAllocationResult(
            results=results, config=tuple(_configs(inventory, claim, picks))
        ),
        node_selector=_node_selector(node_name, picks),
    )


def _configs(
    inventory: Inventory, claim: ResourceClaim, picks: Sequence[Pick]
) -> Iterator[DeviceAllocationConfiguration]:
    """What drivers are told: by the class of each request first, then by the claim."""
    names = dict.fromkeys((each.name, each.request.device_class_name) for each in picks)
    for name, class_name in names:
        made: DeviceClass | None = inventory.classes.get(class_name)
        for config in made.spec.config if made is not None else ():
            yield DeviceAllocationConfiguration(
                source="FromClass", requests=(name,), opaque=config.opaque
            )
    for own in claim.spec.devices.config if claim.spec.devices is not None else ():
        if not own.requests or any(_concerns(own.requests, name) for name, _ in names):
            yield DeviceAllocationConfiguration(
                source="FromClaim", requests=own.requests, opaque=own.opaque
            )


def _node_selector(node_name: str, picks: Sequence[Pick]) -> NodeSelector | None:
    """From where the devices can be used; None for from everywhere."""
    expressions: dict[NodeSelectorRequirement, None] = {}
    for each in picks:
        spec, device = each.found.slice.spec, each.found.device
        if spec.node_name or device.node_name or device.binds_to_node:
            here = NodeSelectorRequirement(key="metadata.name", operator="In", values=(node_name,))
            return NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(here,)),))
        selector = device.node_selector if spec.per_device_node_selection else spec.node_selector
        for term in selector.node_selector_terms if selector is not None else ():
            expressions.update(dict.fromkeys(term.match_expressions))
    if not expressions:
        return None
    term = NodeSelectorTerm(match_expressions=tuple(expressions))
    return NodeSelector(node_selector_terms=(term,))

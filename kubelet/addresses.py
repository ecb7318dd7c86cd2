"""Gives pods addresses out of the node's podCIDR, and never one twice."""

from collections import deque
from collections.abc import Iterable
from ipaddress import ip_address, ip_network


class AddressesUsedUpError(Exception):
    """The podCIDR has no free address left."""


class PodAddresses:
    """The addresses of one node's pods.

    The network's own address and the one after it (a bridge's) are not given.
    A released address is used again last, so that nobody meets a stranger
    where an old pod was a moment ago.
    """

    def __init__(self, cidr: str, taken: Iterable[tuple[str, str]] = ()) -> None:
        network = ip_network(cidr)
        self._next = int(network.network_address) + 2
        last = int(network.broadcast_address) - (1 if network.prefixlen < 31 else 0)
        self._last = last
        self._released: deque[str] = deque()
        self._by_uid = dict(taken)
        self._skipped = frozenset(self._by_uid.values())

    def of(self, uid: str) -> str:
        """The pod's address, the same at each call. Raise AddressesUsedUpError."""
        if uid not in self._by_uid:
            self._by_uid[uid] = self._free()
        return self._by_uid[uid]

    def release(self, uid: str) -> None:
        """The pod is gone."""
        address = self._by_uid.pop(uid, None)
        if address is not None:
            self._released.append(address)

    def _free(self) -> str:
        while self._next <= self._last:
            address = str(ip_address(self._next))
            self._next += 1
            if address not in self._skipped:
                return address
        if not self._released:
            raise AddressesUsedUpError("no free address is left in the node's podCIDR")
        return self._released.popleft()

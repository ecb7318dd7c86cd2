"""Gives pods addresses out of the node's podCIDR, and never one twice."""

from collections.abc import Iterable
from ipaddress import ip_network


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
        last = network.num_addresses - (1 if network.prefixlen < 31 else 0)
        self._free = [str(network[number]) for number in range(last - 1, 1, -1)]
        self._by_uid: dict[str, str] = {}
        for uid, address in taken:
            self._by_uid[uid] = address
            if address in self._free:
                self._free.remove(address)

    def of(self, uid: str) -> str:
        """The pod's address, the same at each call. Raise AddressesUsedUpError."""
        if uid not in self._by_uid:
            if not self._free:
                raise AddressesUsedUpError("no free address is left in the node's podCIDR")
            self._by_uid[uid] = self._free.pop()
        return self._by_uid[uid]

    def release(self, uid: str) -> None:
        """The pod is gone."""
        address = self._by_uid.pop(uid, None)
        if address is not None:
            self._free.insert(0, address)

"""The Docker network of a node's pods: a bridge with the podCIDR as its subnet."""

import asyncio
from hashlib import sha256
from ipaddress import ip_network

from kubelet.runtime.docker.engine import Engine, EngineError
from kubelet.runtime.runtime import RuntimeFailureError

MTU = 1450
"""Leaves room for vxlan between hosts."""

DIRECT_ROUTING_VERSION = (1, 48)
"""From this API on (Docker 28) pods are reached from other hosts only where the network says so."""


class NotThereError(RuntimeFailureError):
    """The network, or something else that a sandbox needs, is gone."""


class PodNetwork:
    """Makes the network when the first pod needs it."""

    def __init__(self, engine: Engine, kubelet: str, cidr: str) -> None:
        self._engine = engine
        self.cidr = cidr
        self._making = asyncio.Lock()
        self._is_there = False
        self.name = f"knarr-{kubelet}"
        self.bridge = f"kn{sha256(kubelet.encode()).hexdigest()[:10]}"

    async def ensure(self) -> str:
        """The network's name; it is there. Raise EngineError."""
        if not self.cidr:
            raise EngineError(400, "the node has no podCIDR yet")
        async with self._making:
            if self._is_there:
                return self.name
            try:
                await self._engine.raw("GET", f"/networks/{self.name}")
            except EngineError as error:
                if error.status != 404:
                    raise
                await self._make()
            self._is_there = True
        return self.name

    def forget(self) -> None:
        """It may be gone: look again."""
        self._is_there = False

    async def _make(self) -> None:
        options = {
            "com.docker.network.bridge.name": self.bridge,
            "com.docker.network.driver.mtu": str(MTU),
        }
        if self._engine.api >= DIRECT_ROUTING_VERSION:
            options["com.docker.network.bridge.gateway_mode_ipv4"] = "nat-unprotected"
        subnet = ip_network(self.cidr)
        body = {
            "Name": self.name,
            "Driver": "bridge",
            "CheckDuplicate": True,
            "IPAM": {"Config": [{"Subnet": self.cidr, "Gateway": str(subnet[1])}]},
            "Options": options,
            "Labels": {"knarr.io/pods": "true"},
        }
        await self._engine.raw("POST", "/networks/create", body=body)

"""A Lease for each API server that runs, so that others can tell which there are.

It is named after the host, so a server that comes back finds its own. Leases
of servers that have been gone for long are removed by those that still run.
"""

import asyncio
import base64
import socket
from hashlib import sha256

import structlog

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request
from knarr.api.codec import encode
from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.errors import AlreadyExistsError, ApiError, NotFoundError
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.times import seconds_between, to_micro_time

log = structlog.get_logger()

NAMESPACE = "kube-system"
LABEL = "apiserver.kubernetes.io/identity"
SERVER = "kube-apiserver"

DURATION_S = 3600
"""A server silent for so long is gone, as in Kubernetes."""

RENEW_S = 300.0
"""Kubernetes renews every ten seconds what is good for an hour; this spares the store."""

LOOK_S = 3600.0
"""How often Leases of servers that are gone are looked for."""


def identity_of(host: str) -> str:
    """The name of a host's Lease."""
    digest = sha256(host.encode()).digest()[:16]
    return "apiserver-" + base64.b32encode(digest).decode().rstrip("=").lower()


async def keep_identity(registry: Registry, host: str = "") -> None:
    """Keep this server's Lease and remove those of servers that are gone, until cancelled."""
    host = host or socket.gethostname()
    holder = f"{identity_of(host)}_{registry.core.new_uid()}"
    loop = asyncio.get_running_loop()
    look_at_s = loop.time()
    while True:
        try:
            await _renew(registry, host, holder)
            if loop.time() >= look_at_s:
                look_at_s = loop.time() + LOOK_S
                await remove_expired(registry)
        except ApiError as error:
            log.warning("cannot keep the server's lease", error=str(error))
        await asyncio.sleep(RENEW_S)


async def _renew(registry: Registry, host: str, holder: str) -> None:
    name, now = identity_of(host), to_micro_time(registry.clock.now())
    spec = LeaseSpec(
        holder_identity=holder, lease_duration_seconds=DURATION_S, acquire_time=now, renew_time=now
    )
    labels = {LABEL: SERVER, "kubernetes.io/hostname": host}
    made = Lease(metadata=ObjectMeta(name=name, namespace=NAMESPACE, labels=labels), spec=spec)
    try:
        await registry.create(
            Request(user=SYSTEM, kind=kind_of(Lease), namespace=NAMESPACE), Body(made)
        )
    except AlreadyExistsError:
        patch = {"spec": {"renewTime": now, "holderIdentity": holder}}
        request = Request(user=SYSTEM, kind=kind_of(Lease), namespace=NAMESPACE, name=name)
        await registry.patch(request, PatchType.MERGE, Body(encode(patch)))


async def remove_expired(registry: Registry) -> None:
    """Remove the Leases of servers that have not renewed theirs in time."""
    request = Request(user=SYSTEM, kind=kind_of(Lease), namespace=NAMESPACE)
    page = await registry.list(request, ListOptions(label_selector=f"{LABEL}={SERVER}"))
    for entry in page.entries:
        lease = entry.object
        assert isinstance(lease, Lease), "Leases were listed"
        renewed, lasts_s = lease.spec.renew_time, lease.spec.lease_duration_seconds
        if renewed and seconds_between(renewed, registry.clock.now()) < (lasts_s or 0):
            continue
        one = Request(user=SYSTEM, kind=request.kind, namespace=NAMESPACE, name=lease.metadata.name)
        try:
            await registry.delete(one)
        except NotFoundError:
            continue

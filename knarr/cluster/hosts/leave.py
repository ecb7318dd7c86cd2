"""`knarr leave`: takes this host out of its cluster, and what was added to it off the host.

A node lets go of its pods first, so that they are made elsewhere; then its
agent is stopped, its Node deleted, and its containers, network and state
removed. A server's member of etcd is taken out before it stops. What is done
already is not done again.
"""

import asyncio
import os
import shutil
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from yarl import URL

from knarr.cluster.hosts.agent import any_server
from knarr.cluster.hosts.commands import STATE_DIR
from knarr.cluster.hosts.etcd import EtcdMember, remove_member
from knarr.cluster.hosts.failure import JoinError, UnreachableError
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.join import AgentFolder, Membership
from knarr.cluster.hosts.rest import RefusedError, Rest, rest
from knarr.cluster.hosts.settings import CONFIG, SERVER, ServerPlace, servers_in
from knarr.cluster.one_process import stop_all
from knarr.daemon.certificates import write_whole
from knarr.daemon.clock import SystemClock
from knarr.daemon.settings import Flags, SettingsError
from kubelet import __main__ as kubelet
from kubelet.runtime.process.runtime import ProcessRuntime
from proxy import __main__ as proxy

log = structlog.get_logger()

LOOK_EVERY_S = 0.3
STOP_S = 30.0
"""An agent or server that does not end by then is ended."""


def leave(arguments: Sequence[str]) -> int:
    """Leave, as what this host is."""
    flags = Flags("knarr leave", "Take this host out of its cluster and clean it up.")
    flags.flag("state-dir", default=f"{STATE_DIR}/agent", help="folder of the agent here")
    flags.flag("server-state-dir", default=f"{STATE_DIR}/server", help="folder of the server here")
    flags.flag("server", default=False, help="give up the server on this host too")
    flags.flag("timeout", default=120.0, help="how long pods may take to go")
    flags.flag("force", default=False, help="leave though no server answers or pods stay")
    found = flags.read(arguments)
    folder = AgentFolder(Path(found.state_dir))
    server = ServerFolder(Path(found.server_state_dir))
    if not folder.path.exists() and not (found.server and server.path.exists()):
        if server.path.exists():
            raise SettingsError("this host is no node, but a server; --server gives that up too")
        _say("this host is in no cluster")
        return 0
    asyncio.run(_leave(found, folder, server))
    return 0


async def _leave(found: Namespace, folder: AgentFolder, server: ServerFolder) -> None:
    if folder.path.exists():
        await _leave_as_node(found, folder)
    if found.server and server.path.exists():
        await _leave_as_server(server, is_forced=found.force)


async def _leave_as_node(found: Namespace, folder: AgentFolder) -> None:
    membership = folder.membership()
    if membership is not None:
        try:
            await _drain(folder, membership, found.timeout)
        except (JoinError, RefusedError, TimeoutError) as error:
            if not found.force:
                why = str(error) or f"pods are still there after {found.timeout:.0f} s"
                raise SettingsError(f"{why}; --force leaves all the same") from None
            _say(f"not drained: {error}")
    await _stop(folder.path / "agent.pid")
    if membership is not None:
        await _delete_node(folder, membership, is_forced=found.force)
        await _clean_host(folder)
    shutil.rmtree(folder.path)
    _say(f"this host is no node any more{f' ({membership.node})' if membership else ''}")


async def _drain(folder: AgentFolder, membership: Membership, timeout_s: float) -> None:
    """Take no more pods, let go of those there are, and wait until they have ended."""
    async with any_server(folder, membership) as server, asyncio.timeout(timeout_s):
        try:
            await server.patch(f"api/v1/nodes/{membership.node}", {"spec": {"unschedulable": True}})
        except RefusedError as error:
            if error.code != 404:
                raise
            return
        while pods := await _pods(server, membership.node):
            for pod in pods:
                await _evict(server, pod["metadata"])
            await asyncio.sleep(LOOK_EVERY_S)


async def _pods(server: Rest, node: str) -> list[dict[str, Any]]:
    """The pods that are to go: not those of DaemonSets, which would come again."""
    listed = await server.get(f"api/v1/pods?fieldSelector=spec.nodeName={node}")
    return [pod for pod in listed.get("items") or [] if not _stays(pod)]


def _stays(pod: dict[str, Any]) -> bool:
    owners = pod["metadata"].get("ownerReferences") or []
    is_mirror = "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})
    is_over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return is_mirror or is_over or any(one["kind"] == "DaemonSet" for one in owners)


async def _evict(server: Rest, metadata: dict[str, Any]) -> None:
    if metadata.get("deletionTimestamp"):
        return
    namespace, name = metadata["namespace"], metadata["name"]
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    }
    try:
        await server.post(f"api/v1/namespaces/{namespace}/pods/{name}/eviction", body)
    except RefusedError as error:
        # 429: a disruption budget forbids it for now; it is asked again.
        if error.code not in (404, 429):
            raise


async def _delete_node(folder: AgentFolder, membership: Membership, *, is_forced: bool) -> None:
    try:
        async with any_server(folder, membership) as server:
            await server.delete(f"api/v1/nodes/{membership.node}")
    except RefusedError as error:
        if error.code != 404:
            raise SettingsError(f"the node cannot be deleted: {error.message}") from None
    except UnreachableError as error:
        if not is_forced:
            raise
        _say(f"the node {membership.node} is still known to the cluster: {error}")


async def _clean_host(folder: AgentFolder) -> None:
    """Remove containers, networks, routes and rules; the parts know what they made."""
    state, ran = folder.path / "kubelet", folder.flags_of_parts()
    if (state / "pods").exists():
        runtime = ProcessRuntime(state / "pods", SystemClock())
        runtime.open()
        try:
            await stop_all(runtime)
        finally:
            await runtime.close()
    if "kubelet" in ran:
        flags = kubelet.flags().read(ran["kubelet"], {})
        if flags.runtime in ("docker", "auto"):
            await kubelet.clean_up(flags)
    if "proxy" in ran:
        rules = proxy.flags().read(ran["proxy"], {})
        if rules.proxy_mode != "userspace":
            await proxy.clean_up(rules)


async def _leave_as_server(server: ServerFolder, *, is_forced: bool) -> None:
    settings, place = server.known(), server.ready()
    if place is not None:
        await _forget(server, place, is_forced=is_forced)
    if settings is not None and settings.store == "managed" and place is not None:
        host, _, client_port = place.etcd.rpartition(":")
        own = EtcdMember(
            name="",
            folder=server.path / "etcd",
            pki=server.pki / "etcd",
            address=host.strip("[]"),
            client_port=int(client_port),
            peer_port=place.etcd_peer_port,
        )
        await remove_member(own, server.etcd_others())
    await _stop(server.path / "server.pid")
    shutil.rmtree(server.path)
    _say("this host is no server any more")


async def _forget(server: ServerFolder, place: ServerPlace, *, is_forced: bool) -> None:
    """Have the cluster forget this server. Raise SettingsError when it is the only one."""
    both = server.pki / "admin.pem"
    parts = [(server.pki / f"admin.{end}").read_bytes() for end in ("crt", "key")]
    write_whole(both, b"".join(parts), mode=0o600)
    path = f"api/v1/namespaces/{CONFIG.namespace}/configmaps/{CONFIG.name}"
    authority = (server.pki / "ca.crt").read_bytes()
    async with rest(URL(place.rest), authority=authority, pair=both) as here:
        known = servers_in((await here.get(path)).get("data") or {})
        if len(known) < 2 and not is_forced:
            raise SettingsError(
                "this is the only server: leaving ends the cluster; --force does it"
            )
        ours = [name for name, other in known.items() if other.rest == place.rest]
        await here.patch(path, {"data": {SERVER + name: None for name in ours}})


async def _stop(file: Path) -> None:
    """End the process that holds a folder, and wait until it has."""
    pid = _held_by(file)
    if not pid:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + STOP_S
    while _held_by(file) == pid:
        if loop.time() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        await asyncio.sleep(LOOK_EVERY_S)


def _held_by(file: Path) -> int:
    """Who runs in a folder, 0 when nobody does."""
    try:
        pid = int(file.read_text())
    except (OSError, ValueError):
        return 0
    return pid if Path(f"/proc/{pid}/exe").exists() else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")

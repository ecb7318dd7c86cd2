"""One certificate authority takes over from another while a node works."""

import asyncio
import shutil
from pathlib import Path

import pytest

from knarr.api.coordination.lease import Lease
from knarr.api.keys import Key
from knarr.cluster.hosts import agent as agent_module
from knarr.cluster.hosts import certificates as certificates_module
from knarr.cluster.hosts.join import AgentFolder
from knarr.daemon.certificates import Authority
from knarr.daemon.clock import SystemClock
from tests.component.test_hosts import (
    START_S,
    Place,
    agent,
    begin,
    end,
    is_ready,
    options,
    run,
    serials,
    server_words,
    wait_ready,
)
from tests.etcd import free_ports


@pytest.mark.timeout(600)
async def test_another_authority_takes_over_while_a_node_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of docs/hosts.md: all believe both, then the other one signs, then it is alone."""
    for module in (agent_module, certificates_module):
        monkeypatch.setattr(module, "LOOK_EVERY_S", 0.3)
    folder, ports, log = tmp_path / "server", free_ports(3), tmp_path / "log"
    pki, node = folder / "pki", AgentFolder(tmp_path / "agent")
    Authority.at(tmp_path / "new", SystemClock())
    new = (tmp_path / "new" / "ca.crt").read_bytes()
    process = begin(*server_words(folder, ports, "--name=s1"), log=log)

    async def again(authorities: bytes) -> None:
        nonlocal process
        await asyncio.to_thread(end, process)
        (pki / "ca.crt").write_bytes(authorities)
        process = begin(*server_words(folder, ports, "--name=s1"), log=log)
        await asyncio.to_thread(wait_ready, process, folder, log)
        async with asyncio.timeout(START_S):
            while node.authority.read_bytes() != authorities:
                await asyncio.sleep(0.1)

    try:
        await asyncio.to_thread(wait_ready, process, folder, log)
        place, old = Place(folder, ports[0], ports[2]), (pki / "ca.crt").read_bytes()
        given = await asyncio.to_thread(place.token)
        async with agent(place, node.path, options(place, given, "lasting")):
            async with place.client() as client:
                await is_ready(client, "lasting")
            first = serials(node)
            await again(old + new)
            assert serials(node) == first, "the old one signs"
            shutil.copy(tmp_path / "new" / "ca.key", pki / "ca.key")
            await again(new + old)
            async with asyncio.timeout(START_S):
                while any(one == was for one, was in zip(serials(node), first, strict=True)):
                    await asyncio.sleep(0.1)
            await again(new)
            async with place.client() as client:
                key = Key("kube-node-lease", "lasting")
                before = (await client.get(Lease, key)).spec.renew_time
                async with asyncio.timeout(START_S):
                    while (await client.get(Lease, key)).spec.renew_time == before:
                        await asyncio.sleep(0.2)
            path = "/api/v1/nodes/lasting/proxy/stats/summary"
            asked = ("get", "--raw", path, f"--kubeconfig={folder / 'admin.conf'}")
            done = await asyncio.to_thread(run, *asked)
            assert done.returncode == 0, done.stderr
    finally:
        end(process)

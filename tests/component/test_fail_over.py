"""The command knows several API servers: when one dies it goes on with another."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests import etcd
from tests.servers import TOKEN, Server

WAIT_S = 60.0


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers on one store."""
    with etcd.cluster(tmp_path) as members:
        both = Server(tmp_path, etcd.url(members)), Server(tmp_path, etcd.url(members))
        try:
            async with asyncio.TaskGroup() as group:
                for one in both:
                    group.create_task(one.start())
            yield both
        finally:
            for one in both:
                one.kill()


class Command:
    """The command line, with both servers."""

    def __init__(self, servers: tuple[Server, Server]) -> None:
        self._words = (
            *(sys.executable, "-m", "knarr.cluster", f"--token={TOKEN}", "--kubeconfig=/dev/null"),
            f"--server=grpc://{','.join(one.address for one in servers)}",
        )

    async def __call__(self, *words: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            [*self._words, *words],
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def lines(self, *words: str) -> Iterator[list[str]]:
        """What it has printed so far."""
        with subprocess.Popen(
            [*self._words, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            found: list[str] = []
            assert process.stdout is not None
            out = process.stdout
            reader = threading.Thread(target=lambda: found.extend(line.strip() for line in out))
            reader.start()
            try:
                yield found
                assert process.poll() is None, found
            finally:
                process.kill()
                reader.join()


async def shows(found: list[str], name: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while f"configmap/{name}" not in found:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["kill", "terminate"])
async def test_commands_and_a_watch_go_on_with_the_server_that_is_left(
    servers: tuple[Server, Server], how: str
) -> None:
    knarr, (first, _) = Command(servers), servers
    with knarr.lines("get", "configmaps", "--watch", "-o", "name") as seen:
        await knarr("create", "configmap", "a")
        await shows(seen, "a")
        assert first.process is not None
        # One that is told to end says goodbye to who watches; that is no reason to end either.
        getattr(first.process, how)()
        await asyncio.to_thread(first.process.wait, WAIT_S)
        assert await knarr("create", "configmap", "b") == "configmap/b created"
        assert await knarr("get", "configmap", "b", "-o", "name") == "configmap/b"
        await shows(seen, "b")
        ours = [line for line in seen if line in {"configmap/a", "configmap/b"}]
        assert ours == ["configmap/a", "configmap/b"], "each once, in order"


async def test_without_any_server_the_command_says_whom_it_asked(
    servers: tuple[Server, Server],
) -> None:
    for one in servers:
        one.kill()
    with pytest.raises(AssertionError, match=f"server {servers[0].address},"):
        await Command(servers)("get", "pods")


async def test_a_watch_goes_on_at_a_server_that_started_after_its_revision(tmp_path: Path) -> None:
    """What came in between is told from the store, each once and in order; nobody lists again."""
    with etcd.cluster(tmp_path) as members:
        first, late = Server(tmp_path, etcd.url(members)), Server(tmp_path, etcd.url(members))
        credentials = Credentials(token=TOKEN)
        try:
            await first.start()
            async with connect((first.address,), credentials) as client:
                await client.create(_map("there", ours="yes"))
                reached = (await client.list(ConfigMap, label_selector="ours=yes")).revision
                for name, ours in (("a", "yes"), ("not", "no"), ("b", "yes")):
                    await client.create(_map(name, ours=ours))
                there = await client.get(ConfigMap, Key("default", "there"))
                await client.update(_map("there", ours="no", after=there))
                await client.delete(ConfigMap, Key("default", "a"))
                await late.start()
                first.kill()
            async with connect((late.address,), credentials) as client:
                seen: list[tuple[str, str]] = []
                async with asyncio.timeout(WAIT_S):
                    async for batch in client.watch(
                        ConfigMap, after=reached, label_selector="ours=yes"
                    ):
                        seen += [(e.type, e.object.metadata.name) for e in batch if e.object]
                        if len(seen) == 4:
                            await client.create(_map("c", ours="yes"))
                        if len(seen) > 4:
                            break
                told = [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "there"), ("DELETED", "a")]
                assert seen == [*told, ("ADDED", "c")]
        finally:
            for one in (first, late):
                one.kill()


def _map(name: str, *, ours: str, after: ConfigMap | None = None) -> ConfigMap:
    version = after.metadata.resource_version if after is not None else ""
    labels = {"ours": ours}
    meta = ObjectMeta(namespace="default", name=name, labels=labels, resource_version=version)
    return ConfigMap(metadata=meta)

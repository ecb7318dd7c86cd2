"""The controller manager's process against the API server's, over gRPC."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.coordination.lease import Lease
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from tests.builders import replica_set

TOKEN = "secret"


@asynccontextmanager
async def process(module: str, *flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A daemon that is told to stop when the block ends, and must then end well."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *flags, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await started.communicate()
    assert started.returncode == 0


async def said(started: asyncio.subprocess.Process, pattern: str) -> re.Match[str]:
    """Read the log until a line says this."""
    assert started.stderr is not None
    lines = []
    async with asyncio.timeout(30):
        while line := (await started.stderr.readline()).decode():
            lines.append(line)
            if found := re.search(pattern, line):
                return found
    raise AssertionError("".join(lines))


async def pods(client: GrpcClient, count: int) -> list[str]:
    async with asyncio.timeout(30):
        while True:
            listed = await client.list(Pod, namespace="default")
            if len(listed.items) == count:
                return [found.metadata.name for found in listed.items]
            await asyncio.sleep(0.05)


async def test_makes_pods_and_passes_on_the_lease(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f'{TOKEN},root,1,"system:masters"\n')
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    async with process(
        "apiserver", "--secure-port=0", "--grpc-port=0", f"--token-auth-file={tokens}"
    ) as server:
        port = (await said(server, r'"serving gRPC" address=127.0.0.1 port=(\d+)')).group(1)
        address = f"127.0.0.1:{port}"
        flags = (
            f"--server={address}", f"--token-file={tmp_path / 'token'}", "--secure-port=0"
        )  # fmt: skip
        async with connect((address,), Credentials(token=TOKEN)) as client:
            async with process("controller_manager", *flags) as manager:
                await said(manager, "event=leads")
                wanted = replica_set(3)
                await client.create(
                    replace(wanted, metadata=ObjectMeta(namespace="default", name="web"))
                )
                names = await pods(client, 3)
                await client.delete(Pod, Key("default", names[0]))
                assert len(set(await pods(client, 3)) - set(names)) == 1
            lease = await client.get(Lease, Key("kube-system", "kube-controller-manager"))
            assert lease.spec.holder_identity == "", "it lets go of the lease when it ends"
            assert await client.get(ReplicaSet, Key("default", "web"))

"""How fast the registry alone is: creates and gets in this process, over the memory store."""

import asyncio
import time
from random import Random

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.kind_table import kind_of
from knarr.daemon.clock import SystemClock

COUNT = 3000
"""Objects made and read of each kind."""

_CONFIG_MAP = (
    b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c-%d","labels":{"app":"web"}},'
    b'"data":{"key":"' + b"x" * 1000 + b'"}}'
)
_POD = (
    b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p-%d","labels":{"app":"web"}},"spec":'
    b'{"containers":[{"name":"web","image":"nginx:1.27","ports":[{"containerPort":80}],'
    b'"resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}'
)


async def main() -> None:
    """Print creates and gets a second."""
    settings = Settings(service_account_tokens=False)
    registry = Registry(MemoryStore(), clock=SystemClock(), rng=Random(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        for object_type, template, letter in ((ConfigMap, _CONFIG_MAP, "c"), (Pod, _POD, "p")):
            kind = kind_of(object_type)
            request = Request(
                user=SYSTEM, kind=kind, namespace="default", field_manager="benchmark"
            )
            start = time.perf_counter()
            for number in range(COUNT):
                await registry.create(request, Body(template % number))
            made_s = time.perf_counter() - start
            start = time.perf_counter()
            for number in range(COUNT):
                one = Request(
                    user=SYSTEM, kind=kind, namespace="default", name=f"{letter}-{number}"
                )
                (await registry.get(one)).body  # noqa: B018  # the bytes are what is measured
            read_s = time.perf_counter() - start
            print(
                f"{kind.name}: create {made_s / COUNT * 1e6:.0f} us ({COUNT / made_s:.0f}/s), "
                f"get {read_s / COUNT * 1e6:.1f} us ({COUNT / read_s:.0f}/s)"
            )
        running.cancel()


if __name__ == "__main__":
    asyncio.run(main())

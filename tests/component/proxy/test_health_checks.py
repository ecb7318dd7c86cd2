"""Load balancers hear whether this node has endpoints of a Service."""

import aiohttp

from knarr.api.keys import Key
from proxy.health_checks import HealthChecks
from proxy.model import Backend, ServicePort
from tests.component.proxy.test_userspace import free_port

WEB = Key("default", "web")


def port(number: int, *local: Backend) -> ServicePort:
    return ServicePort(
        namespace="default",
        name="web",
        port_name="",
        protocol="TCP",
        cluster_ips=("127.200.0.7",),
        port=80,
        health_check_port=number,
        local_backends=local,
    )


async def test_the_count_of_endpoints_decides() -> None:
    number = free_port()
    checks = HealthChecks("127.0.0.1")
    url = f"http://127.0.0.1:{number}/healthz"
    async with aiohttp.ClientSession() as session:
        await checks.change(WEB, [port(number)])
        async with session.get(url) as answer:
            assert answer.status == 503
        await checks.change(WEB, [port(number, Backend("10.0.0.1", 80))])
        async with session.get(url) as answer:
            assert answer.status == 200
            assert (await answer.json())["localEndpoints"] == 1
            assert (await answer.json())["service"] == {"namespace": "default", "name": "web"}
    await checks.change(WEB, [])
    assert not checks._runners
    await checks.close()

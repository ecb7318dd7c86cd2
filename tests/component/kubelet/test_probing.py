"""Probes in Docker: who is restarted, who is not, who is never ready."""

import asyncio

import pytest

from knarr.api.core.pod import Pod
from knarr.api.times import parse
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import events, get, is_ready, main_pod, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = "periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20"
STARTUP = "startupProbe: {{{how}, periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 20}}"
LIVENESS = f"livenessProbe: {{{{{{how}}, {TIMES}}}}}"
"""It begins when the server answers, and has time to on a busy machine."""
ALWAYS = "{restartPolicy: Always}"

WEB = "mkdir -p /w; echo fine > /w/healthz; httpd -p 8080 -h /w; "
HTTP, TCP = "httpGet: {path: /healthz, port: 8080}", "tcpSocket: {port: 8080}"
EXEC = "exec: {command: [cat, /tmp/health]}"

STEADY_S = 2.5
"""A restart because of a probe would have come within this time."""


def restarts(one: Pod) -> int:
    return sum(status.restart_count for status in one.status.container_statuses)


@pytest.mark.conformance(
    "[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe "
    "[NodeConformance]",
    '[sig-node] Probing container should *not* be restarted with a exec "cat /tmp/health" liveness '
    "probe [NodeConformance]",
    "[sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe "
    "[NodeConformance]",
    "[sig-node] Probing container should be restarted with a /healthz http liveness probe "
    "[NodeConformance]",
    '[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe '
    "[NodeConformance]",
    "[sig-node] Probing container should have monotonically increasing restart count "
    "[NodeConformance]",
)
async def test_who_stays_alive_is_left_alone_and_who_does_not_is_restarted(world: World) -> None:
    client = world.client
    last = "touch /tmp/health; sleep 600"
    dies = "touch /tmp/health; sleep 2; rm /tmp/health; sleep 600"
    broken = "sleep 2; rm /w/healthz; sleep 600"
    wanted = {
        "http-stays": (WEB + last, HTTP),
        "tcp-stays": (WEB + last, TCP),
        "exec-stays": (last, EXEC),
        "http-dies": (WEB + broken, HTTP),
        "exec-dies": (dies, EXEC),
    }
    for name, (script, how) in wanted.items():
        probes = [LIVENESS] if name.endswith("dies") else [LIVENESS, STARTUP]
        container = "\n".join(probe.format(how=how) for probe in probes)
        await client.create(main_pod(name, script, container, ALWAYS))
    for name in wanted:
        if name.endswith("dies"):
            again = await until(client, name, lambda one: restarts(one) >= 1)
            ended = again.status.container_statuses[0].last_state.terminated
            assert ended is not None
            (told, *_) = await events(client, name, "Unhealthy")
            assert told.message.startswith("Liveness probe failed: ")
            assert "will be restarted" in (await events(client, name, "Killing"))[0].message
    once = await until(client, "exec-dies", lambda one: restarts(one) >= 1)
    twice = await until(client, "exec-dies", lambda one: restarts(one) >= 2)
    assert restarts(once) <= restarts(twice)
    await asyncio.sleep(STEADY_S)  # Nothing tells that nothing happens.
    assert [restarts(await get(client, name)) for name in wanted if "stays" in name] == [0, 0, 0]


@pytest.mark.conformance(
    "[sig-node] Probing container with readiness probe should not be ready before initial delay "
    "and never restart [NodeConformance]",
    "[sig-node] Probing container with readiness probe that fails should never be ready and never "
    "restart [NodeConformance]",
)
async def test_readiness_waits_and_restarts_nobody(world: World) -> None:
    client = world.client
    slow = "readinessProbe: {exec: {command: ['true']}, initialDelaySeconds: 3, periodSeconds: 1}"
    never = "readinessProbe: {exec: {command: ['false']}, periodSeconds: 1}"
    await client.create(main_pod("never", "sleep 600", never, ALWAYS))
    await client.create(main_pod("slow", "sleep 600", slow, ALWAYS))
    ready = await until(client, "slow", is_ready)
    running = ready.status.container_statuses[0].state.running
    (since,) = [one for one in ready.status.conditions if one.type == "Ready"]
    assert running is not None
    waited = parse(str(since.last_transition_time)) - parse(str(running.started_at))
    assert waited.total_seconds() >= 2, "three, but for the fractions that are not told"
    unready = await get(client, "never")
    assert not is_ready(unready)
    assert (restarts(ready), restarts(unready)) == (0, 0)
    assert (await events(client, "never", "Unhealthy"))[0].message.startswith("Readiness probe")

"""An autoscaler that asks somebody else's server for its numbers, and scales a custom resource."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request
from apiserver.server import Options, serve
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api import codec
from knarr.api.errors import ForbiddenError, NotFoundError
from knarr.api.foreign import Foreign
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.child import Child
from knarr.daemon.clock import SystemClock

ADDRESS = "127.44.0.2"
PATIENCE_S = 60.0
ROOT, JANE = Credentials(token="root"), Credentials(token="jane")

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

Plain = dict[str, Any]

WIDGETS: Plain = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.size",
                        "statusReplicasPath": ".status.size",
                        "labelSelectorPath": ".status.selector",
                    },
                },
            }
        ],
    },
}


class Hands:
    """A user's hands: objects as plain JSON."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def _request(self, resource: str, name: str = "", part: str = "") -> Request:
        plural, _, group = resource.partition(".")
        kinds = [
            kind for kind in self.registry.kinds if (kind.plural, kind.group) == (plural, group)
        ]
        kind = kinds[0]
        namespace = "default" if kind.namespaced else ""
        return Request(user=SYSTEM, kind=kind, namespace=namespace, name=name, subresource=part)

    async def create(self, resource: str, manifest: Plain) -> None:
        await self.registry.create(self._request(resource), Body(codec.encode(manifest)))

    async def merge(self, resource: str, name: str, change: Plain, part: str = "") -> None:
        request = self._request(resource, name, part)
        await self.registry.patch(request, PatchType.MERGE, Body(codec.encode(change)))

    async def until(self, resource: str, name: str, holds: Callable[[Plain], bool]) -> Plain:
        """The object once it is as it should be."""
        request, found = self._request(resource), Plain()
        options = ListOptions(field_selector=f"metadata.name={name}", resource_version="")
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for batch in await self.registry.watch(request, options):
                    for event in batch:
                        if event.entry is not None:
                            found = json.loads(event.entry.json)
                            if holds(found):
                                return dict(found)
        except TimeoutError:
            raise AssertionError(f"{resource} {name} stays so: {found}") from None
        raise AssertionError("the watch ended")


class Spoken:
    """What the metrics server says it was asked."""

    def __init__(self, child: Child) -> None:
        assert child.stdout is not None, "it has a pipe"
        self._lines = child.stdout

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return (await self._lines.readline()).decode().strip()

    async def hear(self, *wanted: str) -> None:
        """Listen until it has said all of these."""
        missing = set(wanted)
        while missing:
            line = await self.line()
            assert line, f"the server ended without {missing}"
            missing.discard(line)


class Place:
    """A server with a metrics server behind it."""

    def __init__(self, hands: Hands, client: GrpcClient, spoken: Spoken, server: str) -> None:
        self.hands = hands
        self.client = client
        self.server = server
        self.spoken = spoken

    async def autoscaler(
        self, name: str, metrics: Sequence[Plain], *, kind: str = "Widget", target: str = ""
    ) -> None:
        """Make one for the widget of its name, or for another."""
        reference = {"apiVersion": "example.com/v1", "kind": kind, "name": target or name}
        spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 20}
        manifest = {"metadata": {"name": name}, "spec": {**spec, "metrics": metrics}}
        await self.hands.create(AUTOSCALERS, manifest)


@asynccontextmanager
async def place(folder: Path, *widgets: str) -> AsyncIterator[Place]:
    """Everything there is but autoscalers: widgets, each with two pods that run."""
    authority = Authority.at(folder / "ca", SystemClock())
    shown = authority.ensure(folder / "metrics", Wanted("metrics", hosts=("metrics.default.svc",)))
    front = Authority.at(folder / "front", SystemClock())
    pair = front.ensure(folder / "front-client", Wanted("front-proxy-client"))
    tokens = folder / "tokens.csv"
    tokens.write_text('root,admin,admin,"system:masters"\njane,jane,jane\n')
    options = Options(
        secure_port=0,
        grpc_port=0,
        token_auth_file=str(tokens),
        proxy_client_cert_file=str(pair.certificate),
        proxy_client_key_file=str(pair.key),
    )
    words = (ADDRESS, str(shown.certificate), str(shown.key))
    child = await Child.start([sys.executable, "-m", "tests.component.apps.metrics_server", *words])
    try:
        spoken = Spoken(child)
        port = int(await spoken.line())
        async with (
            serve(options) as server,
            connect((f"127.0.0.1:{server.grpc_port}",), ROOT) as client,
        ):
            hands = Hands(server.registry)
            await _register(hands, port, authority.pem)
            await _define(hands)
            for name in widgets:
                await _widget(hands, name)
            async with asyncio.TaskGroup() as group:
                settings = ControllerSettings(
                    controllers=("horizontal-pod-autoscaler",), hpa_sync_period_s=0.2
                )
                running = group.create_task(
                    run_controllers(client, SystemClock(), Random(1), settings)
                )
                yield Place(hands, client, spoken, f"127.0.0.1:{server.grpc_port}")
                running.cancel()
    finally:
        child.kill()
        await child.wait()


async def _register(hands: Hands, port: int, authority: bytes) -> None:
    metadata = {"name": "metrics", "labels": {"kubernetes.io/service-name": "metrics"}}
    ports = [{"port": 443, "targetPort": port}]
    await hands.create("services", {"metadata": {"name": "metrics"}, "spec": {"ports": ports}})
    slice_of = {
        "metadata": metadata,
        "addressType": "IPv4",
        "ports": [{"port": port, "protocol": "TCP", "name": ""}],
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
    }
    await hands.create("endpointslices.discovery.k8s.io", slice_of)
    for name in ("v1beta2.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"):
        version, _, group = name.partition(".")
        spec = {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "caBundle": base64.b64encode(authority).decode(),
            "service": {"namespace": "default", "name": "metrics"},
        }
        services = "apiservices.apiregistration.k8s.io"
        await hands.create(services, {"metadata": {"name": name}, "spec": spec})
        await hands.until(services, name, lambda found: condition(found, "Available")[0] == "True")


async def _define(hands: Hands) -> None:
    await hands.create("serviceaccounts", {"metadata": {"name": "default"}})
    await hands.create(DEFINITIONS, WIDGETS)
    async with asyncio.timeout(PATIENCE_S):
        while hands.registry.kinds.by_resource("example.com", "v1", "widgets") is None:
            await asyncio.sleep(0.01)


async def _widget(hands: Hands, name: str) -> None:
    for number in range(2):
        metadata = {"name": f"{name}-{number}", "labels": {"app": name}}
        spec: Plain = {"containers": [{"name": "c", "image": "x"}]}
        await hands.create("pods", {"metadata": metadata, "spec": spec})
        ready = {"type": "Ready", "status": "True"}
        status: Plain = {"phase": "Running", "conditions": [ready]}
        await hands.merge("pods", f"{name}-{number}", {"status": status}, "status")
    manifest = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}}
    await hands.create("widgets.example.com", {**manifest, "spec": {"size": 2}})
    status = {"size": 2, "selector": f"app={name}"}
    await hands.merge("widgets.example.com", name, {"status": status}, "status")


def condition(found: Plain, kind: str) -> tuple[str, str, str]:
    """Status, reason and message of a condition."""
    for each in found.get("status", {}).get("conditions") or ():
        if each["type"] == kind:
            return each["status"], each.get("reason", ""), each.get("message", "")
    return "", "", ""


PODS: Plain = {
    "type": "Pods",
    "pods": {"metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": 1}},
}
RATE: Plain = {
    "type": "Object",
    "object": {
        "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "web"},
        "metric": {"name": "rate"},
        "target": {"type": "Value", "value": 50},
    },
}
USERS: Plain = {
    "type": "Object",
    "object": {
        "describedObject": {"apiVersion": "v1", "kind": "Namespace", "name": "default"},
        "metric": {"name": "users"},
        "target": {"type": "AverageValue", "averageValue": 3},
    },
}
QUEUE: Plain = {
    "type": "External",
    "external": {
        "metric": {"name": "queue", "selector": {"matchLabels": {"queue": "orders"}}},
        "target": {"type": "AverageValue", "averageValue": 2},
    },
}
SPELLED = (
    "&LabelSelector{MatchLabels:map[string]string{queue: orders,},"
    "MatchExpressions:[]LabelSelectorRequirement{},}"
)


SCALED = {
    "pods": (PODS, 4, "pods metric requests", {"averageValue": "2"}),
    "service": (RATE, 4, "Service metric rate", {"value": "100"}),
    "namespace": (USERS, 3, "external metric users(nil)", {"averageValue": "4500m"}),
    "external": (QUEUE, 4, f"external metric queue({SPELLED})", {"averageValue": "4"}),
}
"""By name the metric, the size at which all of them stay, and how both are told."""


async def test_it_scales_by_what_another_server_measures(tmp_path: Path) -> None:
    async with place(tmp_path, *SCALED) as there:
        for name, (metric, *_) in SCALED.items():
            await there.autoscaler(name, [metric])
        for name, (metric, size, told, current) in SCALED.items():
            scaled = await there.hands.until(
                "widgets.example.com", name, lambda found: found["spec"]["size"] > 2
            )
            assert scaled["spec"]["size"] == size, name
            found = await there.hands.until(
                AUTOSCALERS, name, lambda found: bool(found["status"].get("currentMetrics"))
            )
            _, reason, message = condition(found, "ScalingActive")
            assert reason == "ValidMetricFound"
            words = "the HPA was able to successfully calculate a replica count from"
            assert message == f"{words} {told}"
            (status,) = found["status"]["currentMetrics"]
            assert status[metric["type"].lower()]["current"] == current
        custom = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default"
        external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default"
        await there.spoken.hear(
            f"{custom}/pods/*/requests {{'labelSelector': 'app=pods'}} admin",
            f"{custom}/services/web/rate {{}} admin",
            f"{custom}/metrics/users {{}} admin",
            f"{external}/queue {{'labelSelector': 'queue=orders'}} admin",
        )


async def test_what_cannot_be_measured_or_scaled_is_told(tmp_path: Path) -> None:
    async with place(tmp_path, "depth", "rivals") as there:
        unknown = {"metric": {"name": "depth"}, "target": {"type": "Value", "value": 1}}
        await there.autoscaler("depth", [{"type": "External", "external": unknown}])
        await there.autoscaler("gadget", [PODS], kind="Gadget")
        await there.autoscaler("rivals", [PODS])
        await there.autoscaler("rivals2", [PODS], target="rivals")
        told = {
            ("depth", "ScalingActive", "FailedGetExternalMetric"): (
                "the HPA was unable to compute the replica count: failed to get depth external "
                "metric: unable to get external metric default/depth/nil: unable to fetch metrics "
                "from external metrics API: the server could not find the metric depth"
            ),
            ("gadget", "AbleToScale", "FailedGetScale"): (
                "the HPA controller was unable to get the target's current scale: "
                'no matches for kind "Gadget" in group "example.com"'
            ),
            ("rivals2", "ScalingActive", "AmbiguousSelector"): (
                "pods by selector app=rivals are controlled by multiple HPAs: "
                "[{rivals default} {rivals2 default}]"
            ),
        }
        for (name, kind, reason), message in told.items():
            found = await there.hands.until(
                AUTOSCALERS,
                name,
                partial(_has, kind, reason),
            )
            assert condition(found, kind) == ("False", reason, message)


def _has(kind: str, reason: str, found: Plain) -> bool:
    return condition(found, kind)[1] == reason


async def test_who_may_not_ask_hears_nothing(tmp_path: Path) -> None:
    queue = Foreign("external.metrics.k8s.io", "v1beta1", "queue", namespace="default")
    nobody = Foreign("custom.metrics.k8s.io", "v1", "pods", "default", "*", "requests")
    async with place(tmp_path) as there:
        local = InProcessClient(there.hands.registry)
        assert await there.client.ask(queue) == await local.ask(queue)
        for client in (there.client, local):
            with pytest.raises(NotFoundError, match="could not find the requested resource"):
                await client.ask(nobody)
        async with connect((there.server,), JANE) as jane:
            with pytest.raises(ForbiddenError, match='User "jane" cannot list resource "queue"'):
                await jane.ask(queue)

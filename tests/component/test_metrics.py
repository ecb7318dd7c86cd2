"""Kubelets measure, the API server tells, an autoscaler acts on it: over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from apiserver.custom.api_services import APIServices
from apiserver.nodes.grpc import GrpcNodes
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, ListOptions, Request
from apiserver.registry.settings import Settings
from apiserver.registry.tables import table_of_page
from apiserver.storage.open import open_store
from apiserver.usage.resource_metrics import ResourceMetrics
from controller_manager.custom_kinds import CustomKinds
from controller_manager.podautoscaler.api_metrics import ApiMetrics
from controller_manager.podautoscaler.controller import HorizontalPodAutoscalerController
from controller_manager.podautoscaler.metrics import MetricsError
from knarr.api import conditions, selectors
from knarr.api.apiregistration.api_service import APIService
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    ContainerResourceMetricSource,
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    MetricSpec,
    MetricTarget,
    ResourceMetricSource,
)
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec, PodTemplateSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.service import Service
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.api.kinds import METRICS
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.metrics.node_metrics import NodeMetrics
from knarr.api.metrics.pod_metrics import PodMetrics
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.scalars import Quantity
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock
from kubelet.kubelet import Kubelet, KubeletOptions
from kubelet.runtime.hollow import CPU, MEMORY, HollowRuntime

WAIT_S = 15.0
CLOCK = SystemClock()


@asynccontextmanager
async def served() -> AsyncIterator[Registry]:
    """A registry that measures the nodes it knows."""
    nodes = GrpcNodes()
    async with open_store("memory://", CLOCK) as store, asyncio.TaskGroup() as group:
        settings = Settings(service_account_tokens=False)
        registry = Registry(store, clock=CLOCK, rng=Random(1), settings=settings)
        running = [group.create_task(registry.run())]
        await registry.ready()
        measuring = ResourceMetrics(registry, nodes, APIServices(registry).keep)
        running.append(group.create_task(measuring.run()))
        yield registry
        for task in running:
            task.cancel()
    await nodes.close()


@asynccontextmanager
async def node(client: InProcessClient, state_dir: Path) -> AsyncIterator[None]:
    options = KubeletOptions(
        node_name="node-0",
        node_ips=("127.0.0.1",),
        state_dir=state_dir,
        port=0,
        pod_cidr="10.9.0.0/24",
    )
    async with Informers(client) as informers, asyncio.TaskGroup() as group:
        services = informers.of(Service)
        kubelet = Kubelet(options, client, CLOCK, HollowRuntime(CLOCK), services)
        running = group.create_task(kubelet.run())
        yield
        running.cancel()


def template(app: str, cpu: str) -> PodTemplateSpec:
    asks = ResourceRequirements(requests={"memory": Quantity("8Mi")})
    container = Container(name="c", image="img", resources=asks)
    return PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": app}, annotations={CPU: cpu, MEMORY: "20Mi"}),
        spec=PodSpec(
            containers=(container,), node_name="node-0", automount_service_account_token=False
        ),
    )


async def run_pod(client: InProcessClient, name: str, app: str, cpu: str) -> None:
    of = template(app, cpu)
    meta = ObjectMeta(
        name=name,
        namespace="default",
        labels=of.metadata.labels,
        annotations=of.metadata.annotations,
    )
    await client.create(Pod(metadata=meta, spec=of.spec))
    async with asyncio.timeout(WAIT_S):
        while (await client.get(Pod, Key("default", name))).status.phase != "Running":
            await asyncio.sleep(0.02)


async def test_what_is_used_is_told_and_acted_on(tmp_path: Path) -> None:
    async with served() as registry:
        client = InProcessClient(registry)
        everything = selectors.parse("app=web")
        with pytest.raises(MetricsError, match=r"\(get pods.metrics.k8s.io\)$"):
            await ApiMetrics(client).of_pods("default", everything, "cpu", "")
        async with node(client, tmp_path):
            await run_pod(client, "web", "web", "250m")
            await run_pod(client, "idle", "other", "1m")
            await _told(client, registry)
            await _acted_on(client)


async def _told(client: InProcessClient, registry: Registry) -> None:
    of = await client.list(PodMetrics, namespace="default", label_selector="app=web")
    assert [found.metadata.name for found in of.items] == ["web"]
    (container,) = of.items[0].containers
    assert container.name == "c"
    assert 240 < int(container.usage["cpu"].removesuffix("n")) / 1e6 < 260
    assert container.usage["memory"] == "20Mi"
    assert len((await client.list(PodMetrics)).items) == 2
    named = await client.list(PodMetrics, field_selector="metadata.name=idle")
    assert [found.metadata.name for found in named.items] == ["idle"]
    on_node = await client.get(NodeMetrics, Key("", "node-0"))
    assert on_node.usage["memory"] == "40Mi"
    with pytest.raises(NotFoundError, match=r'pods.metrics.k8s.io "none" not found'):
        await client.get(PodMetrics, Key("default", "none"))
    listed = await client.get(APIService, Key("", "v1beta1.metrics.k8s.io"))
    assert listed.spec.group == "metrics.k8s.io"
    readers = await client.get(ClusterRole, Key("", "system:aggregated-metrics-reader"))
    assert "rbac.authorization.k8s.io/aggregate-to-view" in readers.metadata.labels
    pods = next(kind for kind in METRICS if kind.plural == "pods")
    page = await registry.list(Request(user=SYSTEM, kind=pods), ListOptions())
    table = table_of_page(pods, page, "v1", "None", CLOCK.now())
    assert b'"idle"' in table
    assert b'"20Mi"' in table


async def _acted_on(client: InProcessClient) -> None:
    """2.5 times what is wanted asks for three pods; the other metric holds nothing back."""
    target = CrossVersionObjectReference(api_version="apps/v1", kind="ReplicaSet", name="web")
    whole = MetricTarget(type="Utilization", average_utilization=100)
    small = MetricTarget(type="AverageValue", average_value=Quantity("500m"))
    await client.create(
        ReplicaSet(
            metadata=ObjectMeta(name="web", namespace="default"),
            spec=ReplicaSetSpec(
                replicas=1,
                selector=LabelSelector(match_labels={"app": "web"}),
                template=template("web", "250m"),
            ),
        )
    )
    key = Key("default", "web")
    await client.create(
        HorizontalPodAutoscaler(
            metadata=ObjectMeta(name="web", namespace="default"),
            spec=HorizontalPodAutoscalerSpec(
                scale_target_ref=target,
                max_replicas=5,
                metrics=(
                    MetricSpec(
                        type="Resource", resource=ResourceMetricSource(name="memory", target=whole)
                    ),
                    MetricSpec(
                        type="ContainerResource",
                        container_resource=ContainerResourceMetricSource(
                            name="cpu", container="c", target=small
                        ),
                    ),
                ),
            ),
        )
    )
    async with Informers(client) as informers:
        recorder = EventRecorder(client, component="horizontal-pod-autoscaler", clock=CLOCK)
        controller = HorizontalPodAutoscalerController(
            client,
            informers,
            recorder,
            CLOCK,
            ApiMetrics(client),
            CustomKinds(informers),
            period_s=15.0,
        )
        await informers.listed()
        await controller.reconcile(key)
    assert (await client.get(ReplicaSet, key)).spec.replicas == 3
    status = (await client.get(HorizontalPodAutoscaler, key)).status
    assert conditions.is_true(status.conditions, "ScalingActive")
    assert status.current_metrics
    resource = status.current_metrics[0].resource
    assert resource is not None
    assert resource.current.average_utilization == 250

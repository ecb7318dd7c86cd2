"""What admission adds to objects and what it refuses."""

from typing import Any

import pytest

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.core.container import Container
from knarr.api.core.limit_range import LimitRange, LimitRangeItem, LimitRangeSpec
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resource_quota import ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ForbiddenError
from knarr.api.kinds import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity


def pod(name: str = "a", **spec: Any) -> Pod:
    resources = spec.pop("resources", ResourceRequirements())
    spec.setdefault("containers", (Container(name="c", image="nginx:1.27", resources=resources),))
    return Pod(metadata=ObjectMeta(name=name), spec=PodSpec(**spec))


async def create(registry: Registry, obj: Any, namespace: str = "default") -> Any:
    kind = registry.core.resource(type(obj)).kind
    request = Request(user=SYSTEM, kind=kind, namespace=namespace)
    answer = await registry.create(request, Body(obj))
    assert answer.entry is not None
    return answer.entry.object


@pytest.fixture
async def cluster(registry: Registry) -> Registry:
    await create(registry, ServiceAccount(metadata=ObjectMeta(name="default")))
    return registry


async def test_a_pod_gets_account_token_priority_and_tolerations(cluster: Registry) -> None:
    spec = (await create(cluster, pod())).spec
    assert spec.service_account_name == "default"
    assert spec.volumes[-1].name.startswith("kube-api-access-")
    assert spec.containers[0].volume_mounts[0].name == spec.volumes[-1].name
    assert (spec.priority, spec.preemption_policy) == (0, "PreemptLowerPriority")
    assert [each.key for each in spec.tolerations] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]


async def test_a_pod_may_go_without_a_token(cluster: Registry) -> None:
    assert not (await create(cluster, pod(automount_service_account_token=False))).spec.volumes


async def test_system_classes_give_their_number(cluster: Registry) -> None:
    made = await create(cluster, pod(priority_class_name="system-node-critical"))
    assert made.spec.priority == 2000001000


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"priority_class_name": "none"},
            'pods "a" is forbidden: no PriorityClass with name none was found',
            id="an unknown priority class",
        ),
        pytest.param(
            {"priority": 5},
            'pods "a" is forbidden: the integer value of priority (5) must not be provided in pod '
            "spec; priority admission controller computed 0 from the given PriorityClass name",
            id="a priority of one's own",
        ),
        pytest.param(
            {"runtime_class_name": "none"},
            'pods "a" is forbidden: pod rejected: RuntimeClass "none" not found',
            id="an unknown runtime class",
        ),
    ],
)
async def test_refuses_pods_with(cluster: Registry, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ForbiddenError) as caught:
        await create(cluster, pod(**spec))
    assert caught.value.message == message


async def test_new_nodes_are_tainted(registry: Registry) -> None:
    node = await create(registry, Node(metadata=ObjectMeta(name="n")), namespace="")
    assert [taint.key for taint in node.spec.taints] == ["node.kubernetes.io/not-ready"]


async def test_immortal_namespaces_stay(registry: Registry) -> None:
    gone = Request(user=SYSTEM, kind=kind_of(Namespace), name="kube-system")
    with pytest.raises(ForbiddenError, match="this namespace may not be deleted"):
        await registry.delete(gone)


async def test_limits_fill_in_and_refuse(cluster: Registry) -> None:
    item = LimitRangeItem(
        type="Container",
        default={"cpu": Quantity("1")},
        default_request={"cpu": Quantity("500m")},
        max={"cpu": Quantity("2")},
    )
    limits = LimitRange(metadata=ObjectMeta(name="l"), spec=LimitRangeSpec(limits=(item,)))
    await create(cluster, limits)
    await settled(cluster)
    made = await create(cluster, pod())
    assert made.spec.containers[0].resources.requests == {"cpu": "500m"}
    assert made.metadata.annotations["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    )
    much = ResourceRequirements(limits={"cpu": Quantity("3")}, requests={"cpu": Quantity("1")})
    with pytest.raises(ForbiddenError, match="maximum cpu usage per Container is 2, but limit"):
        await create(cluster, pod("b", resources=much))


async def test_quotas_count_and_refuse(cluster: Registry) -> None:
    hard = {"pods": Quantity("1")}
    quota = ResourceQuota(
        metadata=ObjectMeta(name="q", namespace="default"), spec=ResourceQuotaSpec(hard=hard)
    )
    await create(cluster, quota)
    await settled(cluster)
    found = cluster.core.get(ResourceQuota, "default", "q")
    assert found is not None
    counted = ResourceQuota(
        metadata=found.metadata,
        spec=found.spec,
        status=ResourceQuotaStatus(hard=hard, used={"pods": Quantity("0")}),
    )
    assert await cluster.core.write_status(counted)
    await settled(cluster)
    await create(cluster, pod())
    await settled(cluster)
    with pytest.raises(ForbiddenError, match="exceeded quota: q, requested: pods=1, used: pods=1"):
        await create(cluster, pod("b"))


async def settled(registry: Registry) -> None:
    """Wait until the caches show what is written."""
    for resource in registry.core.resources.values():
        await resource.cache.consistent()


@pytest.mark.parametrize(
    ("level", "spec", "told"),
    [
        pytest.param(
            "baseline",
            {"host_network": True},
            'violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
            id="the host's network",
        ),
        pytest.param(
            "restricted",
            {},
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false '
            '(container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted '
            'capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
            'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot='
            'true), seccompProfile (pod or container "c" must set '
            'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
            id="nothing said",
        ),
    ],
)
async def test_pod_security_refuses(
    registry: Registry, level: str, spec: dict[str, Any], told: str
) -> None:
    labels = {"pod-security.kubernetes.io/enforce": level}
    await create(registry, Namespace(metadata=ObjectMeta(name="safe", labels=labels)), "")
    await create(registry, ServiceAccount(metadata=ObjectMeta(name="default")), "safe")
    await settled(registry)
    with pytest.raises(ForbiddenError) as caught:
        await create(registry, pod(**spec), "safe")
    assert caught.value.message == f'pods "a" is forbidden: {told}'

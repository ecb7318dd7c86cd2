"""What admission adds to objects and what it refuses."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from apiserver.identity import LABEL, identity_of, keep_identity, remove_expired
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request
from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.core.container import Container
from knarr.api.core.limit_range import LimitRange, LimitRangeItem, LimitRangeSpec
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
)
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resource_quota import ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus
from knarr.api.core.resources import ResourceRequirements, VolumeResourceRequirements
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ForbiddenError
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.storage.storage_class import StorageClass
from knarr.api.structs import ApiStruct
from knarr.api.times import to_micro_time
from knarr.daemon.clock import SIMULATION_START


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


def claim(size: str, class_name: str) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        metadata=ObjectMeta(name="data"),
        spec=PersistentVolumeClaimSpec(
            access_modes=("ReadWriteOnce",),
            resources=VolumeResourceRequirements(requests={"storage": Quantity(size)}),
            storage_class_name=class_name,
            volume_name="v",
        ),
    )


@pytest.mark.parametrize(
    ("class_name", "why"),
    [
        pytest.param("fixed", "must support resize", id="its class does not allow it"),
        pytest.param("grows", "", id="may grow"),
    ],
)
async def test_a_claim_grows_where_its_class_allows_it(
    cluster: Registry, class_name: str, why: str
) -> None:
    for name in ("fixed", "grows"):
        grows = name == "grows"
        kind = StorageClass(
            metadata=ObjectMeta(name=name), provisioner="p", allow_volume_expansion=grows
        )
        await create(cluster, kind, "")
    made = await create(cluster, claim("1Gi", class_name))
    await cluster.core.write_status(
        replace(made, status=PersistentVolumeClaimStatus(phase="Bound"))
    )
    await seen(cluster, StorageClass)
    await seen(cluster, PersistentVolumeClaim)
    request = Request(
        user=SYSTEM, kind=kind_of(PersistentVolumeClaim), namespace="default", name="data"
    )
    patch = Body(b'{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}')
    if why:
        with pytest.raises(ForbiddenError, match=why):
            await cluster.patch(request, PatchType.MERGE, patch)
    else:
        await cluster.patch(request, PatchType.MERGE, patch)


async def seen(registry: Registry, object_type: type[ApiStruct]) -> Sequence[Any]:
    """The objects of a kind, once the cache shows every write."""
    page = await registry.list(Request(user=SYSTEM, kind=kind_of(object_type)), ListOptions())
    return [entry.object for entry in page.entries]


async def test_leases_of_servers_that_are_gone_are_removed(registry: Registry) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keep_identity(registry, "here"))
        await create(registry, identity("gone", 7200), "kube-system")
        await create(registry, identity("recent", 60), "kube-system")
        await remove_expired(registry)
        running.cancel()
    names = [each.metadata.name for each in await seen(registry, Lease)]
    assert sorted(names) == sorted([identity_of("here"), "recent"])


def identity(name: str, ago_s: int) -> Lease:
    renewed = SIMULATION_START - timedelta(seconds=ago_s)
    spec = LeaseSpec(
        holder_identity=name, lease_duration_seconds=3600, renew_time=to_micro_time(renewed)
    )
    return Lease(metadata=ObjectMeta(name=name, labels={LABEL: "kube-apiserver"}), spec=spec)

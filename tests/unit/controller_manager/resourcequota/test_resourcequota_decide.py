"""What is counted against a quota."""

from typing import Any

from msgspec.structs import replace

from controller_manager.resourcequota.decide import decide, is_counted
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.core.resource_quota import ResourceQuota, ResourceQuotaSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.kind_table import kind_of
from knarr.api.plan import Plan
from knarr.api.scalars import Quantity
from tests.builders import metadata, pod


def quota(**hard: str) -> ResourceQuota:
    limits = {name.replace("__", "/").replace("_", "."): Quantity(v) for name, v in hard.items()}
    return ResourceQuota(metadata=metadata("q"), spec=ResourceQuotaSpec(hard=limits))


def asking(name: str, cpu: str, phase: str = "Running") -> Pod:
    made = pod(name, phase)
    resources = ResourceRequirements(requests={"cpu": Quantity(cpu)})
    containers = (replace(made.spec.containers[0], resources=resources),)
    return replace(made, spec=replace(made.spec, containers=containers))


def used(plan: Plan) -> dict[str, Any]:
    assert isinstance(plan.status, ResourceQuota)
    assert plan.status.status.hard == plan.status.spec.hard
    return dict(plan.status.status.used)


def test_adds_up_what_there_is() -> None:
    objects = [(kind_of(Pod), asking("a", "500m")), (kind_of(Pod), asking("b", "1"))]
    found = quota(pods="5", requests_cpu="2", count__configmaps="1")
    assert used(decide(found, objects)) == {
        "pods": "2",
        "requests.cpu": "1500m",
        "count/configmaps": "0",
    }


def test_what_is_over_is_given_back() -> None:
    objects = [(kind_of(Pod), asking("a", "1", "Succeeded"))]
    assert used(decide(quota(pods="5"), objects)) == {"pods": "0"}


def test_writes_nothing_that_is_right() -> None:
    plan = decide(quota(pods="5"), [])
    assert isinstance(plan.status, ResourceQuota)
    assert decide(plan.status, []) == Plan()


def test_knows_which_kinds_it_counts() -> None:
    assert is_counted(kind_of(Pod), quota(limits_memory="1Gi").spec.hard)
    assert not is_counted(kind_of(ConfigMap), quota(limits_memory="1Gi").spec.hard)
    assert is_counted(kind_of(ConfigMap), quota(count__configmaps="1").spec.hard)

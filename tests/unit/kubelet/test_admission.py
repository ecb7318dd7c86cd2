"""Which pods a node refuses."""

from typing import Any

import pytest
from msgspec.structs import replace

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodStatus
from knarr.api.core.scheduling import Toleration
from knarr.api.core.security import PodSecurityContext, Sysctl
from knarr.api.meta.object_meta import ObjectMeta
from kubelet.sync.admission import NodeState, refusal
from kubelet.sync.resize import Obstacle
from tests.unit.kubelet.pods import pod


def of_class(quality: str, **more: Any) -> Pod:
    return replace(pod(**more), status=PodStatus(qos_class=quality))


def with_sysctl(name: str) -> Pod:
    return pod(security_context=PodSecurityContext(sysctls=(Sysctl(name=name, value="1"),)))


MEMORY_PRESSURE = "node.kubernetes.io/memory-pressure"
LOW = NodeState(pressures=frozenset({"MemoryPressure"}))
FULL = NodeState(pressures=frozenset({"DiskPressure"}))
NODE = NodeState(node=Node(metadata=ObjectMeta(name="n", labels={"disk": "ssd"})))
SMALL = NodeState(obstacle=Obstacle("Deferred", "cpu", "too little"))


@pytest.mark.parametrize(
    ("wanted", "state", "reason"),
    [
        pytest.param(of_class("BestEffort"), NodeState(), "", id="nothing is wrong"),
        pytest.param(of_class("BestEffort"), LOW, "Evicted", id="no promise, no memory"),
        pytest.param(of_class("Burstable"), LOW, "", id="a promise is kept"),
        pytest.param(
            of_class(
                "BestEffort",
                tolerations=(
                    Toleration(key="node.kubernetes.io/memory-pressure", operator="Exists"),
                ),
            ),
            LOW,
            "",
            id="it tolerates that",
        ),
        pytest.param(of_class("Guaranteed"), FULL, "Evicted", id="a full disk takes nobody"),
        pytest.param(of_class("BestEffort", priority=2_000_001_000), FULL, "", id="but critical"),
        pytest.param(with_sysctl("net.ipv4.tcp_syncookies"), NodeState(), "", id="safe sysctl"),
        pytest.param(with_sysctl("kernel.msgmax"), NodeState(), "SysctlForbidden", id="unsafe"),
        pytest.param(
            with_sysctl("kernel.msgmax"),
            NodeState(unsafe_sysctls=("kernel.msg*",)),
            "",
            id="allowed by the operator",
        ),
        pytest.param(pod(node_selector={"disk": "ssd"}), NODE, "", id="chosen"),
        pytest.param(pod(node_selector={"disk": "hdd"}), NODE, "NodeAffinity", id="not chosen"),
        pytest.param(pod(), SMALL, "OutOfcpu", id="no room"),
        pytest.param(pod(), NodeState(is_full=True), "OutOfpods", id="too many"),
        pytest.param(pod(), NodeState(is_shutting_down=True), "NodeShutdown", id="shutting down"),
    ],
)
def test_refusal(wanted: Pod, state: NodeState, reason: str) -> None:
    refused = refusal(wanted, state)
    assert (refused.reason if refused is not None else "") == reason

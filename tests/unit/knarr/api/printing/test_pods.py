"""What `get pods` says of a pod's state."""

from typing import Any

import pytest

from knarr.api import codec
from knarr.api.core.pod import Pod
from knarr.api.printing.pods import pod_row
from tests.builders import NOW

ONE = {"name": "c", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
RUNNING = {**ONE, "ready": True, "state": {"running": {}}}
SIDECAR = {"name": "s", "image": "x", "restartPolicy": "Always"}


def ended(code: int, **more: Any) -> dict[str, Any]:
    return {**ONE, "state": {"terminated": {"exitCode": code, **more}}}


def waiting(reason: str) -> dict[str, Any]:
    return {**ONE, "state": {"waiting": {"reason": reason}}}


def row(status: dict[str, Any], **meta: Any) -> list[Any]:
    init = [SIDECAR] if "initContainerStatuses" in status else []
    plain = {
        "metadata": {"name": "x", **meta},
        "spec": {"containers": [{"name": "c", "image": "x"}], "initContainers": init},
        "status": {"phase": "Running", **status},
    }
    return list(pod_row(codec.from_plain(Pod, plain), NOW))


@pytest.mark.parametrize(
    ("status", "ready", "reason", "restarts"),
    [
        pytest.param({"phase": "Pending"}, "0/1", "Pending", "0", id="nothing has begun"),
        pytest.param({"containerStatuses": [RUNNING]}, "1/1", "Running", "0", id="it runs"),
        pytest.param(
            {"containerStatuses": [waiting("CrashLoopBackOff")]},
            "0/1",
            "CrashLoopBackOff",
            "0",
            id="it waits before it tries again",
        ),
        pytest.param(
            {"phase": "Failed", "containerStatuses": [ended(3)]},
            "0/1",
            "ExitCode:3",
            "0",
            id="it ended badly and did not say why",
        ),
        pytest.param(
            {"phase": "Failed", "containerStatuses": [ended(137, signal=9)]},
            "0/1",
            "Signal:9",
            "0",
            id="it was killed",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "Evicted"}, "0/1", "Evicted", "0", id="it had to go"
        ),
        pytest.param(
            {
                "phase": "Pending",
                "initContainerStatuses": [{**waiting("PodInitializing"), "name": "s"}],
            },
            "0/2",
            "Init:0/1",
            "0",
            id="it is being prepared",
        ),
        pytest.param(
            {
                "initContainerStatuses": [{**RUNNING, "name": "s", "started": True}],
                "containerStatuses": [RUNNING],
            },
            "2/2",
            "Running",
            "0",
            id="a sidecar counts",
        ),
    ],
)
def test_row(status: dict[str, Any], ready: str, reason: str, restarts: str) -> None:
    assert row(status)[1:4] == [ready, reason, restarts]


def test_a_pod_being_deleted_is_terminating() -> None:
    assert row({}, deletionTimestamp="2024-01-01T00:00:00Z")[2] == "Terminating"


def test_restarts_say_when_the_last_was() -> None:
    fell = {"terminated": {"exitCode": 1, "finishedAt": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    status = {"containerStatuses": [{**RUNNING, "restartCount": 2, "lastState": fell}]}
    assert row(status)[3] == "2 (0s ago)"

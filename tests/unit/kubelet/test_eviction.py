"""Who must go when a node runs low, and which images."""

from datetime import timedelta
from typing import Any

import pytest

from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import EmptyDirVolumeSource
from knarr.api.scalars import Quantity
from kubelet.eviction.decide import Past, Reading, assess
from kubelet.eviction.images import ImageRules, Seen, too_much, unused
from kubelet.eviction.rank import PodUse, message, ranked
from kubelet.eviction.storage import DiskUse, excess
from kubelet.eviction.thresholds import Signal, Threshold, ThresholdError, hard, soft
from kubelet.runtime.runtime import Image
from tests.unit.kubelet.pods import NOW, pod, spec

MI = 1024 * 1024
MEMORY, DISK = Threshold("memory.available", "100Mi"), Threshold("nodefs.available", "10%")


def low(*signals: Signal) -> dict[Signal, Reading]:
    """Plenty of all but some."""
    every: tuple[Signal, ...] = ("memory.available", "nodefs.available", "pid.available")
    return {one: Reading(MI if one in signals else 900 * MI, 1000 * MI) for one in every}


def resources(request: str, name: str = "memory", limit: str = "") -> ResourceRequirements:
    limits = {name: Quantity(limit)} if limit else {}
    requests = {name: Quantity(request)} if request else {}
    return ResourceRequirements(requests=requests, limits=limits)


def test_thresholds_are_read() -> None:
    assert hard(("memory.available<100Mi", "nodefs.available<10%")) == (MEMORY, DISK)
    assert DISK.bytes_of(1000) == 100
    (one,) = soft(("memory.available<1Gi",), ("memory.available=1m30s",))
    assert one.grace_s == 90.0


@pytest.mark.parametrize(
    "text",
    ["memory.available", "memory<1Gi", "memory.available<lots", "nodefs.available<120%"],
)
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(ThresholdError):
        hard((text,))


def test_a_soft_threshold_needs_a_grace() -> None:
    with pytest.raises(ThresholdError, match="grace period must be specified"):
        soft(("memory.available<1Gi",), ())


def test_memory_is_acted_on_first() -> None:
    readings = low("memory.available", "nodefs.available")
    found = assess((DISK, MEMORY), readings, Past(), now=NOW, transition_s=300)
    assert found.act_on == MEMORY
    assert found.pressures == {"MemoryPressure", "DiskPressure"}


def test_a_soft_threshold_waits_and_a_pressure_is_told_for_a_while() -> None:
    gentle = Threshold("memory.available", "100Mi", 90.0)
    past, acts = Past(), []
    for seconds in (0, 60, 90):
        now = NOW + timedelta(seconds=seconds)
        found = assess((gentle,), low("memory.available"), past, now=now, transition_s=300)
        past = found.past
        acts.append(found.act_on)
    assert acts == [None, None, gentle]
    later = [
        assess((gentle,), low(), past, now=NOW + timedelta(seconds=after), transition_s=300)
        for after in (389, 391)
    ]
    assert [one.pressures for one in later] == [{"MemoryPressure"}, frozenset()]
    assert [one.act_on for one in later] == [None, None]


def use(name: str, memory: int, request: str = "", priority: int = 0, **more: Any) -> PodUse:
    made = pod(spec("main", resources=resources(request)), priority=priority, **more)
    return PodUse(made, memory * MI, memory * MI, (("main", memory * MI, memory * MI),))


def test_those_above_their_requests_go_first_then_the_less_important() -> None:
    modest = use("modest", 50, "100Mi")
    greedy = use("greedy", 150, "100Mi", priority=10)
    unasked = use("unasked", 20)
    bigger = use("bigger", 30)
    critical = use("critical", 500, priority=2_000_000_000)
    order = ranked(MEMORY, [modest, critical, greedy, unasked, bigger])
    assert order == [bigger, unasked, greedy, modest]


def test_the_message_says_what_was_used() -> None:
    told = message(MEMORY, Reading(50 * MI, 1000 * MI), use("a", 200, "100Mi"))
    assert told == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container main was using 200Mi, request is 100Mi, has larger consumption of memory. "
    )


def limited() -> Pod:
    scratch = Volume(name="scratch", empty_dir=EmptyDirVolumeSource(size_limit=Quantity("1Mi")))
    bound = resources("", "ephemeral-storage", "2Mi")
    return pod(spec("main", resources=bound), volumes=(scratch,))


@pytest.mark.parametrize(
    ("disk", "told"),
    [
        pytest.param(DiskUse({"main": MI}, {"scratch": MI // 2}), "", id="within its limits"),
        pytest.param(
            DiskUse({}, {"scratch": 2 * MI}),
            'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
            id="a volume",
        ),
        pytest.param(
            DiskUse({"main": 3 * MI}),
            'Container main exceeded its local ephemeral storage limit "2Mi". ',
            id="a container",
        ),
        pytest.param(
            DiskUse({"main": 2 * MI}, {"scratch": MI}),
            "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ",
            id="all together",
        ),
    ],
)
def test_who_writes_too_much_must_go(disk: DiskUse, told: str) -> None:
    assert excess(limited(), disk) == told


def test_images_go_from_the_high_mark_to_the_low_one() -> None:
    rules = ImageRules(high_percent=85, low_percent=80)
    assert too_much(Reading(200, 1000), rules) == 0
    assert too_much(Reading(100, 1000), rules) == 100
    never = ImageRules(high_percent=100)
    assert too_much(Reading(0, 1000), never) == 0


def test_the_longest_unused_image_goes_first() -> None:
    images = [Image(name, (f"{name}:1",), 10) for name in ("a", "b", "used", "young")]
    images.append(Image("pause", ("knarr/pause:1",), 1))
    old = NOW - timedelta(hours=1)
    seen = {
        "a": Seen(old, NOW - timedelta(minutes=1)),
        "b": Seen(old),
        "used": Seen(old, NOW),
        "young": Seen(NOW),
        "pause": Seen(old),
    }
    free = unused(images, frozenset({"used"}), seen, now=NOW, min_age=timedelta(minutes=2))
    assert [one.id for one in free] == ["b", "a"]

"""What each pod of this node was given; a pod that asks for more gets it when there is room."""

from collections.abc import Callable, Mapping

from knarr.api import quantities
from knarr.api.core.pod import Pod
from knarr.api.pod_resources import total
from kubelet.sync.resize import (
    RESIZABLE,
    Obstacle,
    Sizes,
    changes,
    known_sizes,
    obstacle,
    wanted_sizes,
    with_sizes,
)


class Allocations:
    """The books of one node."""

    def __init__(
        self, allocatable: Callable[[], Mapping[str, str]], wake: Callable[[str], None]
    ) -> None:
        self._allocatable = allocatable
        self._wake = wake
        self._sizes: dict[str, Sizes] = {}
        self._requests: dict[str, Mapping[str, str]] = {}
        self._waiting: set[str] = set()

    def take(self, pod: Pod) -> tuple[Pod, Obstacle | None]:
        """The pod with what it is given, and why that is not what it asks for."""
        uid = pod.metadata.uid
        given = self._sizes.get(uid)
        if given is None:
            given = known_sizes(pod)
            self._note(pod, given)
        wanted = wanted_sizes(pod)
        if not any(changes(given.get(name, size), size) for name, size in wanted.items()):
            self._waiting.discard(uid)
            return pod, None
        hindered = obstacle(pod, self._others(uid), self._allocatable())
        if hindered is None:
            self._note(pod, wanted)
            self._waiting.discard(uid)
            self._wake_waiting()
            return pod, None
        self._waiting.add(uid)
        return with_sizes(pod, given), hindered

    def release(self, uid: str) -> None:
        """The pod is over; whoever waits for room looks again."""
        self._waiting.discard(uid)
        self._requests.pop(uid, None)
        if self._sizes.pop(uid, None) is not None:
            self._wake_waiting()

    def _note(self, pod: Pod, sizes: Sizes) -> None:
        self._sizes[pod.metadata.uid] = sizes
        asked = total(with_sizes(pod, sizes).spec, "requests")
        self._requests[pod.metadata.uid] = {
            name: amount for name, amount in asked.items() if name in RESIZABLE
        }

    def _others(self, uid: str) -> Mapping[str, str]:
        used: dict[str, str] = {}
        for other, requests in self._requests.items():
            for name, amount in requests.items() if other != uid else ():
                used[name] = quantities.add(used[name], amount) if name in used else amount
        return used

    def _wake_waiting(self) -> None:
        for uid in sorted(self._waiting):
            self._wake(uid)

"""What each pod of this node was given; a pod that asks for more gets it when there is room."""

from collections.abc import Callable, Mapping

from knarr.api import quantities
from knarr.api.core.pod import Pod
from kubelet.sync.resize import (
    RESIZABLE,
    Obstacle,
    Sizes,
    amounts,
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
        self._amounts: dict[str, Mapping[str, int]] = {}
        self._used: dict[str, int] = dict.fromkeys(RESIZABLE, 0)
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
        hindered = self.obstacle(pod)
        if hindered is None:
            self._note(pod, wanted)
            self._waiting.discard(uid)
            self._wake_waiting()
            return pod, None
        self._waiting.add(uid)
        return with_sizes(pod, given), hindered

    def obstacle(self, pod: Pod) -> Obstacle | None:
        """Why the node cannot give a pod what its spec asks for, beside what others have."""
        mine = self._amounts.get(pod.metadata.uid, {})
        others = {name: self._used[name] - mine.get(name, 0) for name in RESIZABLE}
        return obstacle(amounts(pod), others, self._allocatable())

    def is_full(self, pod: Pod) -> bool:
        """Whether the node has as many other pods as it takes."""
        most = self._allocatable().get("pods")
        others = len(self._amounts) - (pod.metadata.uid in self._amounts)
        return most is not None and others >= quantities.value(most)

    def has(self, uid: str) -> bool:
        """Whether the pod was given anything yet."""
        return uid in self._amounts

    def release(self, uid: str) -> None:
        """The pod is over; whoever waits for room looks again."""
        self._waiting.discard(uid)
        self._count(uid, None)
        if self._sizes.pop(uid, None) is not None:
            self._wake_waiting()

    def _note(self, pod: Pod, sizes: Sizes) -> None:
        self._sizes[pod.metadata.uid] = sizes
        self._count(pod.metadata.uid, amounts(with_sizes(pod, sizes)))

    def _count(self, uid: str, after: Mapping[str, int] | None) -> None:
        before = self._amounts.pop(uid, {})
        if after is not None:
            self._amounts[uid] = after
        for name in RESIZABLE:
            self._used[name] += (after or {}).get(name, 0) - before.get(name, 0)

    def _wake_waiting(self) -> None:
        for uid in sorted(self._waiting):
            self._wake(uid)

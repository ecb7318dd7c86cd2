"""Pods that wait for a node on which others have to make room for them."""

from collections.abc import Iterator

from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from scheduler.shape import Shape


class Nominee(Struct, frozen=True):
    """A pod that is to get a node when there is room."""

    key: Key
    pod: Pod
    shape: Shape
    node_name: str


class Nominated:
    """The pods that are nominated to nodes."""

    def __init__(self) -> None:
        self.version = 0
        """Rises with every change."""
        self._nominees: dict[Key, Nominee] = {}
        self._by_node: dict[str, dict[Key, Nominee]] = {}

    def put(self, key: Key, pod: Pod, shape: Shape, node_name: str) -> None:
        """Nominate a pod to a node, or (empty name) to none."""
        before = self._nominees.get(key)
        if before is not None and (before.node_name, before.shape) == (node_name, shape):
            return
        self.remove(key)
        if not node_name:
            return
        self.version += 1
        nominee = self._nominees[key] = Nominee(key, pod, shape, node_name)
        self._by_node.setdefault(node_name, {})[key] = nominee

    def remove(self, key: Key) -> None:
        """Forget a pod: it has its node, or is gone."""
        nominee = self._nominees.pop(key, None)
        if nominee is not None:
            self.version += 1
            others = self._by_node[nominee.node_name]
            del others[key]
            if not others:
                del self._by_node[nominee.node_name]

    def node_of(self, key: Key) -> str:
        """The node a pod is nominated to, empty if to none."""
        nominee = self._nominees.get(key)
        return nominee.node_name if nominee else ""

    def on(self, node_name: str) -> tuple[Nominee, ...]:
        """Who is nominated to a node."""
        return tuple(self._by_node.get(node_name, {}).values())

    def rivals(self, key: Key, priority: int) -> Iterator[tuple[str, tuple[Nominee, ...]]]:
        """By node, the nominees that a pod of this priority must leave room for."""
        for node_name in tuple(self._by_node):
            found = self.rivals_on(node_name, key, priority)
            if found:
                yield node_name, found

    def rivals_on(self, node_name: str, key: Key, priority: int) -> tuple[Nominee, ...]:
        """The nominees of one node that a pod of this priority must leave room for."""
        return tuple(
            nominee
            for nominee in self._by_node.get(node_name, {}).values()
            if nominee.key != key and nominee.shape.priority >= priority
        )

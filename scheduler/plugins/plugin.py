"""What a plugin is.

A plugin answers for many nodes at once: it is given slots of the snapshot and
answers arrays as long as they are. One that is *local* looks at nothing but
the node itself and the pod, so its answers stay good until the node or the
pods on it change. None of them waits, and none keeps anything of its own.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from knarr.api.core.node import Node
from scheduler.arrays import Bools, Ints, Slots
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

SCORE_MAX = 100
"""The best score a plugin gives."""


class Rejection(Struct, frozen=True):
    """Why some of the nodes cannot take a pod."""

    nodes: Bools
    """Whether each slot asked about is rejected for this reason."""
    reason: str
    is_final: bool = False
    """Whether that stays so whatever pods are removed from the node."""


class Refusal(Struct, frozen=True):
    """Why no node at all can take a pod."""

    reason: str


EventKind = Literal[
    "pod added",
    "pod changed",
    "pod removed",
    "node added",
    "node changed",
    "node removed",
    "storage changed",
    "devices changed",
    "namespace changed",
]
"""What happens in the cluster that may help a pod that waits."""


class Happening(Struct, frozen=True):
    """Something that happened, after the snapshot has taken it in."""

    kind: EventKind
    slot: int | None = None
    """The node it happened on."""
    pod: Shape | None = None
    """The pod it happened to, as it was before where it went."""
    before: Node | None = None
    """The node as it was."""
    is_contested: bool = False
    """Whether pods are nominated to the node: then who gets its room is decided, not guessed."""
    claim: str = ""
    """Name of the claim it is about, `namespace/name`; empty: any."""


class Plugin(Protocol):
    """One rule of scheduling."""

    @property
    def name(self) -> str:
        """As profiles and Kubernetes know it."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether a node's answer depends on that node and the pod alone."""
        ...


class Filter(Plugin, Protocol):
    """Says which nodes cannot take a pod."""

    @property
    def wakes(self) -> frozenset[EventKind]:
        """What may help a pod that this plugin rejected."""
        ...

    def concerns(self, shape: Shape) -> bool:
        """Whether such pods can be rejected at all."""
        ...

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Which of the slots are rejected, and why; several reasons may hold for one."""
        ...

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether what happened may let a pod that this plugin rejected pass."""
        ...


class PreFilter(Plugin, Protocol):
    """Says that a pod cannot be placed anywhere, before nodes are looked at."""

    def refuse(self, snapshot: Snapshot, shape: Shape) -> Refusal | None:
        """Why no node can take the pod, None when one may."""
        ...


class Score(Plugin, Protocol):
    """Says which nodes suit a pod better."""

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether scores of such pods differ between nodes at all."""
        ...

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """A number for each slot; the larger the better, once normalised."""
        ...

    def normalise(self, raw: Ints) -> Ints:
        """Bring the numbers of the nodes that remain to 0..SCORE_MAX."""
        ...


def passes(plugin: Filter, snapshot: Snapshot, shape: Shape, slots: Slots) -> Bools:
    """Which of the slots a filter does not reject."""
    passed: Bools = snapshot.alive[slots]
    for rejection in plugin.filter(snapshot, shape, slots):
        passed &= ~rejection.nodes
    return passed

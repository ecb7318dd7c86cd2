"""What was used between two measurements of a node."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from knarr.api import quantities
from knarr.api.quantities import Amount
from knarr.api.scalars import Quantity


class _Cpu(msgspec.Struct, frozen=True):
    usage_core_nanoseconds: int = msgspec.field(name="usageCoreNanoSeconds", default=0)


class _Memory(msgspec.Struct, frozen=True):
    working_set_bytes: int = msgspec.field(name="workingSetBytes", default=0)


class _Container(msgspec.Struct, frozen=True):
    name: str
    cpu: _Cpu = _Cpu()
    memory: _Memory = _Memory()


class _PodRef(msgspec.Struct, frozen=True):
    uid: str


class _Pod(msgspec.Struct, frozen=True):
    pod_ref: _PodRef = msgspec.field(name="podRef")
    containers: tuple[_Container, ...] = ()


class _Node(msgspec.Struct, frozen=True):
    cpu: _Cpu = _Cpu()
    memory: _Memory = _Memory()


class Summary(msgspec.Struct, frozen=True):
    """The part of a kubelet's summary that matters here."""

    node: _Node = _Node()
    pods: tuple[_Pod, ...] = ()


_decode = msgspec.json.Decoder(Summary).decode


class Used(Struct, frozen=True):
    """What one thing has used: processor time since it began, memory at that moment."""

    core_nanoseconds: int
    memory_bytes: int


class Sample(Struct, frozen=True):
    """One measurement of a node and the containers on it."""

    at: float
    """Seconds of the server's clock."""
    node: Used
    pods: Mapping[str, Mapping[str, Used]]
    """By the pods' uids and the containers' names."""


def sample_of(summary: bytes, at: float) -> Sample:
    """Read a kubelet's summary. Raise msgspec.MsgspecError."""
    found = _decode(summary)
    return Sample(
        at,
        _used(found.node),
        {
            pod.pod_ref.uid: {one.name: _used(one) for one in pod.containers}
            for pod in found.pods
            if pod.containers
        },
    )


def _used(one: Any) -> Used:
    return Used(one.cpu.usage_core_nanoseconds, one.memory.working_set_bytes)


def usage(before: Used, after: Used, window_s: float) -> Mapping[str, Quantity] | None:
    """What was used on average; None where a restart in between set the count back."""
    spent = after.core_nanoseconds - before.core_nanoseconds
    if spent < 0 or window_s <= 0:
        return None
    return {
        "cpu": quantities.to_text(Amount(int(spent / window_s), "decimal")),
        "memory": quantities.from_value(after.memory_bytes // 1024 * 1024, "binary"),
    }

"""What the scheduler counts, with Kubernetes' names. Looking costs, counting hardly."""

from collections.abc import Sized
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

from scheduler.queue import SchedulingQueue, Waiting
from scheduler.snapshot import Snapshot

SECONDS = tuple(0.001 * 2**power for power in range(15))
"""Bounds of attempts and decisions, from a millisecond to 16 seconds."""

WAITED_S = tuple(0.01 * 2**power for power in range(20))
"""Bounds of how long pods waited, from 10 milliseconds to 87 minutes."""

_ATTEMPTS = Counter(
    "scheduler_schedule_attempts_total",
    "Attempts to schedule pods; unschedulable: no node would do, error: something broke",
    ["profile", "result"],
)
_ATTEMPT_S = Histogram(
    "scheduler_scheduling_attempt_duration_seconds",
    "How long attempts took, decision and binding",
    ["profile", "result"],
    buckets=SECONDS,
)
_DECISION_S = Histogram(
    "scheduler_scheduling_algorithm_duration_seconds",
    "How long decisions took",
    buckets=SECONDS,
)
_SLI_S = Histogram(
    "scheduler_pod_scheduling_sli_duration_seconds",
    "How long pods waited from being queued until they had a node, by attempts",
    ["attempts"],
    buckets=WAITED_S,
)
_NEEDED = Histogram(
    "scheduler_pod_scheduling_attempts",
    "Attempts until a pod had a node",
    buckets=(1, 2, 4, 8, 16),
)
_PREEMPTIONS = Counter(
    "scheduler_preemption_attempts_total", "Times that pods were to make room for another"
)
_VICTIMS = Histogram(
    "scheduler_preemption_victims", "Pods chosen to make room", buckets=(1, 2, 4, 8, 16, 32, 64)
)
_PENDING = Gauge(
    "scheduler_pending_pods",
    "Pods that wait: active, backoff, unschedulable and gated ones",
    ["queue"],
)
_CACHE = Gauge("scheduler_cache_size", "Nodes, pods and assumed pods known", ["type"])

ATTEMPTS_TOLD_MAX = 16
"""More attempts than this are told as one, so that labels stay few."""

_QUEUES = {
    "active": ("active",),
    "backoff": ("backoff", "error"),
    "unschedulable": ("unschedulable",),
    "gated": ("gated",),
}
"""The places in our queue that each of Kubernetes' stands for."""


def show(queue: SchedulingQueue, snapshot: Snapshot, assumed: Sized) -> None:
    """Let whoever asks see how many pods wait, and what is known; counted when asked."""
    for name, places in _QUEUES.items():
        _PENDING.labels(name).set_function(partial(queue.waiting_in, places))
    _CACHE.labels("nodes").set_function(lambda: snapshot.node_count)
    _CACHE.labels("pods").set_function(lambda: len(list(snapshot.placed())))
    _CACHE.labels("assumed_pods").set_function(lambda: len(assumed))


def decided(took_s: float) -> None:
    """A decision is made."""
    _DECISION_S.observe(took_s)


def scheduled(waiting: Waiting, took_s: float, waited_s: float) -> None:
    """A pod has its node."""
    _attempted(waiting, "scheduled", took_s)
    _SLI_S.labels(str(min(waiting.attempts, ATTEMPTS_TOLD_MAX))).observe(waited_s)
    _NEEDED.observe(waiting.attempts)


def unschedulable(waiting: Waiting, took_s: float, victims: int) -> None:
    """A pod fits nowhere; so many others are to make room."""
    _attempted(waiting, "unschedulable", took_s)
    if victims:
        _PREEMPTIONS.inc()
        _VICTIMS.observe(victims)


def failed(waiting: Waiting, took_s: float) -> None:
    """A pod could not be bound, or nobody knows."""
    _attempted(waiting, "error", took_s)


def _attempted(waiting: Waiting, result: str, took_s: float) -> None:
    _ATTEMPTS.labels(waiting.profile.name, result).inc()
    _ATTEMPT_S.labels(waiting.profile.name, result).observe(took_s)

"""What a daemon counts, with Kubernetes' names where Kubernetes counts it too."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Bounds of a duration's histogram: half a decade each, from a cache hit to a slow pull."""

_DEPTH = Gauge("workqueue_depth", "Keys that wait for a worker", ["name"])
_ADDS = Counter("workqueue_adds_total", "Keys added", ["name"])
_RETRIES = Counter("workqueue_retries_total", "Keys that failed and come again", ["name"])
_QUEUE_S = Histogram(
    "workqueue_queue_duration_seconds", "How long keys waited", ["name"], buckets=SECONDS
)
_WORK_S = Histogram(
    "workqueue_work_duration_seconds", "How long keys were worked on", ["name"], buckets=SECONDS
)


class QueueMetrics:
    """The metrics of one work queue."""

    def __init__(self, name: str) -> None:
        self.depth = _DEPTH.labels(name)
        self.adds = _ADDS.labels(name)
        self.retries = _RETRIES.labels(name)
        self.queue_s = _QUEUE_S.labels(name)
        self.work_s = _WORK_S.labels(name)

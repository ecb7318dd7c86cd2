"""How NodeMetrics and PodMetrics are shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.strategy import Strategy
from knarr.api import quantities
from knarr.api.metrics.node_metrics import NodeMetrics
from knarr.api.metrics.pod_metrics import PodMetrics


class NodeMetricsRules(Strategy[NodeMetrics]):
    """What a node uses."""

    def row(self, obj: NodeMetrics, now: datetime) -> Sequence[Any]:
        """Name, processors, memory, window."""
        cpu, memory = (str(obj.usage.get(name, "0")) for name in ("cpu", "memory"))
        return [obj.metadata.name, str(cpu), str(memory), obj.window]


class PodMetricsRules(Strategy[PodMetrics]):
    """What a pod uses: the sum of its containers."""

    def row(self, obj: PodMetrics, now: datetime) -> Sequence[Any]:
        """Name, processors, memory, window."""
        cpu = memory = quantities.from_value(0)
        for one in obj.containers:
            cpu = quantities.add(cpu, one.usage.get("cpu", "0"))
            memory = quantities.add(memory, one.usage.get("memory", "0"))
        return [obj.metadata.name, str(cpu), str(memory), obj.window]

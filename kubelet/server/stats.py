"""What the node and its pods use, in the shapes of /stats/summary and /metrics/resource."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knarr.api.core.pod import Pod
from knarr.api.times import to_time
from kubelet.node.machine import memory_available_bytes
from kubelet.runtime.runtime import Container, Usage
from kubelet.server.disks import Disks
from kubelet.server.metrics import page
from kubelet.sync.host import Host
from kubelet.sync.lifecycle import latest
from kubelet.sync.manager import PodManager


class Stats:
    """Measures; between two measurements of a container it knows its cores."""

    def __init__(self, host: Host, manager: PodManager) -> None:
        self._host = host
        self._manager = manager
        self._before: dict[str, Usage] = {}
        self._node_before: tuple[datetime, int] | None = None
        self._pretended: tuple[datetime, int] | None = None
        self._disks = Disks(host)

    async def summary(self) -> dict[str, Any]:
        """The node and every pod on it."""
        mine = self._manager.pods()
        self._disks.keep_only(frozenset(pod.metadata.uid for pod in mine))
        pods = [await self._pod(pod) for pod in mine]
        node = self._node()
        if not self._host.runtime.is_real:
            self._pretend(node, pods)
        return {"node": node, "pods": pods}

    async def metrics(self) -> str:
        """The page /metrics/resource in Prometheus' text form."""
        return page(await self.summary())

    async def _pod(self, pod: Pod) -> dict[str, Any]:
        meta = pod.metadata
        observed = await self._host.runtime.observe(meta.uid)
        newest = latest(observed) if observed is not None else {}
        containers = [
            measured
            for one in newest.values()
            if one.phase == "running" and (measured := await self._container(one)) is not None
        ]
        now = to_time(self._host.clock.now())
        disks: dict[str, Any] = {}
        if self._host.runtime.is_real:
            running = [one for one in newest.values() if one.phase == "running"]
            found = await self._disks.of(pod, running)
            disks = {"volume": found.volumes, "ephemeral-storage": found.whole}
            for told in containers:
                told.update(found.containers.get(told["name"], {}))
        return {
            "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
            "startTime": pod.status.start_time,
            "containers": containers,
            **disks,
            "cpu": {
                "time": now,
                "usageNanoCores": sum(one["cpu"]["usageNanoCores"] for one in containers),
                "usageCoreNanoSeconds": sum(
                    one["cpu"]["usageCoreNanoSeconds"] for one in containers
                ),
            },
            "memory": {
                "time": now,
                "workingSetBytes": sum(one["memory"]["workingSetBytes"] for one in containers),
            },
        }

    async def _container(self, one: Container) -> dict[str, Any] | None:
        usage = await self._host.runtime.usage(one.id)
        if usage is None:
            return None
        before = self._before.get(one.id)
        self._before[one.id] = usage
        cores = 0
        if before is not None and usage.at > before.at:
            passed_s = (usage.at - before.at).total_seconds()
            cores = int((usage.cpu_core_nanoseconds - before.cpu_core_nanoseconds) / passed_s)
        now = to_time(usage.at)
        return {
            "name": one.name,
            "startTime": to_time(one.started_at or one.created_at),
            "cpu": {
                "time": now,
                "usageNanoCores": max(cores, 0),
                "usageCoreNanoSeconds": usage.cpu_core_nanoseconds,
            },
            "memory": {
                "time": now,
                "workingSetBytes": usage.memory_working_set_bytes,
                "rssBytes": usage.memory_rss_bytes,
            },
        }

    def _pretend(self, node: dict[str, Any], pods: list[dict[str, Any]]) -> None:
        """A node on which nothing runs uses what its pods pretend to, not what this host does."""
        now = self._host.clock.now()
        cores = sum(pod["cpu"]["usageNanoCores"] for pod in pods)
        at, spent = self._pretended or (now, 0)
        spent += int(cores * (now - at).total_seconds())
        self._pretended = (now, spent)
        node["cpu"] |= {"usageNanoCores": cores, "usageCoreNanoSeconds": spent}
        node["memory"]["workingSetBytes"] = sum(pod["memory"]["workingSetBytes"] for pod in pods)

    def _node(self) -> dict[str, Any]:
        now = self._host.clock.now()
        busy = _busy_nanoseconds()
        cores = 0
        if self._node_before is not None and now > self._node_before[0]:
            passed_s = (now - self._node_before[0]).total_seconds()
            cores = int((busy - self._node_before[1]) / passed_s)
        self._node_before = (now, busy)
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        available = memory_available_bytes()
        disk = os.statvfs("/")
        return {
            "nodeName": self._host.node_name,
            "startTime": to_time(_booted_at()),
            "cpu": {
                "time": to_time(now),
                "usageNanoCores": max(cores, 0),
                "usageCoreNanoSeconds": busy,
            },
            "memory": {
                "time": to_time(now),
                "availableBytes": available,
                "workingSetBytes": total - available,
                "usageBytes": total - available,
            },
            "fs": {
                "time": to_time(now),
                "availableBytes": disk.f_bavail * disk.f_frsize,
                "capacityBytes": disk.f_blocks * disk.f_frsize,
                "usedBytes": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
                "inodes": disk.f_files,
                "inodesFree": disk.f_ffree,
                "inodesUsed": disk.f_files - disk.f_ffree,
            },
            "rlimit": {
                "time": to_time(now),
                "maxpid": int(Path("/proc/sys/kernel/pid_max").read_text()),
                "curproc": int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]),
            },
        }


def _busy_nanoseconds() -> int:
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    ticks = sum(fields[:3]) + sum(fields[5:8])
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _booted_at() -> datetime:
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return datetime.fromtimestamp(int(line.split()[1]), UTC)
    return datetime.fromtimestamp(0, UTC)

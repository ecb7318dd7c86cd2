"""What a container uses, from its cgroup: v1 and v2."""

from datetime import datetime
from pathlib import Path

from kubelet.runtime.runtime import Usage

CGROUPS = Path("/sys/fs/cgroup")


def usage_of(pid: int, now: datetime) -> Usage | None:
    """What the cgroup of a process uses; None where that cannot be read."""
    try:
        places = places_of(pid)
        if "memory" in places:
            return _from_v1(places, now)
        return _from_v2(CGROUPS / places[""].lstrip("/"), now)
    except (OSError, KeyError, ValueError):
        return None


def places_of(pid: int) -> dict[str, str]:
    """The path of a process by controller; the one of the empty name is v2's. Raise OSError."""
    places = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            places[name] = path
    return places


def _from_v1(places: dict[str, str], now: datetime) -> Usage:
    memory = CGROUPS / "memory" / places["memory"].lstrip("/")
    cpu = CGROUPS / "cpuacct" / places["cpuacct"].lstrip("/")
    if not cpu.exists():
        cpu = CGROUPS / "cpu,cpuacct" / places["cpuacct"].lstrip("/")
    facts = _table(memory / "memory.stat")
    used = int((memory / "memory.usage_in_bytes").read_text())
    return Usage(
        at=now,
        cpu_core_nanoseconds=int((cpu / "cpuacct.usage").read_text()),
        memory_working_set_bytes=max(0, used - facts.get("total_inactive_file", 0)),
        memory_rss_bytes=facts.get("total_rss", 0),
    )


def _from_v2(folder: Path, now: datetime) -> Usage:
    facts = _table(folder / "memory.stat")
    used = int((folder / "memory.current").read_text())
    return Usage(
        at=now,
        cpu_core_nanoseconds=_table(folder / "cpu.stat")["usage_usec"] * 1000,
        memory_working_set_bytes=max(0, used - facts.get("inactive_file", 0)),
        memory_rss_bytes=facts.get("anon", 0),
    )


def _table(path: Path) -> dict[str, int]:
    pairs = (line.split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number in pairs}

"""What loading and changing Services costs in the nftables mode, in a namespace of its own.

python -m benchmarks.bench_nftables [--services 1000 5000]

Needs root and nftables. CPU is that of nft and of the kernel on its
behalf; wall-clock time is what a change takes until it is in force.
"""

import argparse
import asyncio
import ctypes
import resource
import statistics
import time
from collections.abc import Sequence

from knarr.api.keys import Key
from proxy.model import Backend, ServicePort
from proxy.nftables.mode import NftablesMode
from proxy.nftables.nft import Kernel
from proxy.ruleset import RulesetOptions

CLONE_NEWNET = 0x40000000
CHANGES = 20
ENDPOINTS = 3


def ports(number: int, turn: int = 0, endpoints: int = ENDPOINTS) -> Sequence[ServicePort]:
    """A Service of some endpoints; a turn later one of them is another."""
    backends = tuple(
        Backend(f"10.{100 + k}.{number // 250}.{number % 250 + 1 + (turn if k == 2 else 0)}", 8080)
        for k in range(endpoints)
    )
    return [
        ServicePort(
            namespace="default",
            name=f"s{number}",
            port_name="",
            protocol="TCP",
            cluster_ips=(f"10.96.{number // 250}.{number % 250 + 1}",),
            port=80,
            backends=backends,
        )
    ]


def cpu_s() -> float:
    """CPU seconds of this process and of those it ran."""
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        found += used.ru_utime + used.ru_stime
    return found


async def measure(count: int) -> None:
    """Load so many Services, then change some."""
    options = RulesetOptions(cluster_cidr="10.100.0.0/14")
    mode = NftablesMode([options], Kernel(), localhost=False)
    services = {Key("default", f"s{number}"): ports(number) for number in range(count)}
    began_s, began_cpu_s = time.monotonic(), cpu_s()
    await mode.replace(services)
    load_s, load_cpu_s = time.monotonic() - began_s, cpu_s() - began_cpu_s
    print(
        f"{count} services of {ENDPOINTS} endpoints: load {load_s:.2f} s ({load_cpu_s:.2f} s CPU)"
    )
    for what, endpoints in (("another endpoint", ENDPOINTS), ("one endpoint more", ENDPOINTS + 1)):
        walls, cpus = [], []
        for turn in range(1, CHANGES + 1):
            number = turn * count // (CHANGES + 1)
            began_s, began_cpu_s = time.monotonic(), cpu_s()
            await mode.change(Key("default", f"s{number}"), ports(number, 1, endpoints))
            walls.append(time.monotonic() - began_s)
            cpus.append(cpu_s() - began_cpu_s)
        print(
            f"    {what}: {statistics.median(walls) * 1000:.1f} ms "
            f"({statistics.median(cpus) * 1000:.1f} ms CPU, slowest {max(cpus) * 1000:.1f} ms CPU)"
        )
    await mode.close()


def main() -> None:
    """Run all of it."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--services", type=int, nargs="*", default=[1000, 5000])
    found = flags.parse_args()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no network namespace of our own")
    for count in found.services:
        asyncio.run(measure(count))


if __name__ == "__main__":
    main()

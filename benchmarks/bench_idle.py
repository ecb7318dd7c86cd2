"""What a node costs on which nothing happens: pods in Docker that run and are left alone.

    python -m benchmarks.bench_idle [--host unix:///var/run/docker.sock] [--pods 100] [--seconds 60]

Needs the image busybox:1.28 in that engine. Prints the share of a core that the
cluster's process (API server, controllers, scheduler, kubelet, proxy, DNS) took.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.bench_pods import NAME, at_once, cluster
from knarr.daemon.run import run_once

SETTLE_S = 10.0
"""Until the last of the starting is over."""


def cpu_s(pid: int) -> float:
    """Seconds of processor that a process has had."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _main(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with cluster(Path(folder), options.host) as client:
            pid = int(json.loads((Path(folder) / NAME / "running.json").read_text())["pid"])
            await asyncio.sleep(SETTLE_S)
            empty = await _measured(pid, options.seconds)
            await at_once(client, options.pods)
            await asyncio.sleep(SETTLE_S)
            full = await _measured(pid, options.seconds)
    sys.stdout.write(f"no pod: {empty:.2%} of a core\n")
    sys.stdout.write(f"{options.pods} idle pods: {full:.2%} of a core\n")
    return 0


async def _measured(pid: int, seconds: float) -> float:
    before = cpu_s(pid)
    await asyncio.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What idle pods cost.")
    parser.add_argument("--host", default="unix:///var/run/docker.sock")
    parser.add_argument("--pods", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run_once(lambda: _main(parser.parse_args())))


if __name__ == "__main__":
    main()

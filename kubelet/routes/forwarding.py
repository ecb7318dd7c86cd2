"""Sees that packets between pods of different nodes are let through, and under which address.

Docker closes the host's FORWARD chain and leaves one door, DOCKER-USER, which
it forgets at each of its starts: so the door is looked after, again and again.
An `accept` in a table of ours would not help, for every table must accept.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from knarr.daemon.child import run

log = structlog.get_logger()

TABLE = "knarr-node"

RUN_S = 10.0

TWINS_MAX = 100
"""Kubelets that share a host may each have made the same rule at the same moment."""

SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/bridge/bridge-nf-call-iptables": "1",
}
"""Redirects use up the kernel's allowance of refusals, so that clients wait in vain.

Bridged frames must pass the rules, or replies within a node keep a wrong address.
"""

CAP_NET_ADMIN = 12
"""Number of the privilege that routes and rules need."""

KEPT = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables")
"""What stays when we go, because Docker needs it too."""


class ForwardingError(OSError):
    """The kernel did not take a rule."""


class ForwardingOptions(Struct, frozen=True, kw_only=True):
    """What is let through."""

    cluster_cidr: str
    """Where pods are."""
    masquerade: bool = True
    """Whether pods reach others than pods under the node's address."""
    table: str = TABLE
    """Clusters that share a machine have a table each."""
    record: Path | None = None
    """File that keeps what the kernel's settings were, for whoever removes all in another life."""


class Forwarding:
    """The rules of one host."""

    def __init__(self, options: ForwardingOptions, prefix: Sequence[str] = ()) -> None:
        self._options = options
        self._prefix = tuple(prefix)
        """What runs a command in another network namespace."""
        self._before: dict[str, str] = _read(options.record)
        self._told = ""

    async def ensure(self) -> None:
        """Have the rules; cheap when they are there. Raise ForwardingError."""
        for name, value in SYSCTLS.items():
            await self._set(name, value)
        wanted = _table(self._options)
        if (
            wanted != self._told
            or (await self._run("nft", "list", "table", "ip", self._options.table))[0]
        ):
            await self._nft(wanted)
            self._told = wanted
        if shutil.which("iptables") is not None:
            await self._open_door()

    async def remove(self) -> None:
        """Leave nothing behind but what Docker needs itself."""
        table = self._options.table
        await self._nft(f"add table ip {table}\ndelete table ip {table}\n")
        self._told = ""
        if shutil.which("iptables") is not None:
            for rule in self._rules():
                for _ in range(TWINS_MAX):
                    if (await self._run("iptables", "-w", "-D", "DOCKER-USER", *rule))[0]:
                        break
        for name, value in self._before.items():
            if name not in KEPT:
                await self._set(name, value)
        self._before.clear()
        if self._options.record is not None:
            self._options.record.unlink(missing_ok=True)

    async def _open_door(self) -> None:
        code, _ = await self._run("iptables", "-w", "-n", "-L", "FORWARD")
        if code:
            return
        await self._run("iptables", "-w", "-N", "DOCKER-USER")
        if (await self._run("iptables", "-w", "-C", "FORWARD", "-j", "DOCKER-USER"))[0]:
            await self._run("iptables", "-w", "-I", "FORWARD", "-j", "DOCKER-USER")
        for rule in self._rules():
            if (await self._run("iptables", "-w", "-C", "DOCKER-USER", *rule))[0]:
                code, printed = await self._run("iptables", "-w", "-I", "DOCKER-USER", *rule)
                if code:
                    log.warning("packets for pods may be dropped", error=printed.strip())

    def _rules(self) -> Sequence[Sequence[str]]:
        cidr = self._options.cluster_cidr
        return ("-s", cidr, "-j", "ACCEPT"), ("-d", cidr, "-j", "ACCEPT")

    async def _nft(self, text: str) -> None:
        code, printed = await self._run("nft", "-f", "-", fed=text)
        if code:
            raise ForwardingError(
                code, printed.strip().splitlines()[0] if printed else "nft failed"
            )

    async def _set(self, name: str, value: str) -> None:
        path = f"/proc/sys/{name}"
        script = f'[ "$(cat {path})" = {value} ] || {{ cat {path} && echo {value} > {path}; }}'
        code, printed = await self._run("sh", "-c", script)
        if code == 0 and printed.strip():
            self._before.setdefault(name, printed.strip())
            if self._options.record is not None:
                self._options.record.write_text(json.dumps(self._before))

    async def _run(self, *words: str, fed: str = "") -> tuple[int, str]:
        code, printed, told = await run((*self._prefix, *words), fed.encode(), timeout_s=RUN_S)
        return code, (printed + told).decode(errors="replace")


def why_not() -> str | None:
    """Why this process may not set routes and rules; None where it may."""
    if shutil.which("nft") is None:
        return "nft is not installed (Debian package nftables)"
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return None if int(held, 16) >> CAP_NET_ADMIN & 1 else "CAP_NET_ADMIN is missing"


def _read(record: Path | None) -> dict[str, str]:
    try:
        found = json.loads(record.read_text()) if record is not None else {}
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def _table(options: ForwardingOptions) -> str:
    """The addresses under which pods are seen: among themselves their own, outside the node's.

    Its chain comes after the proxy's, which replaces sources where replies would
    go astray, and before Docker's, which would replace all: a source replaced by
    itself counts as replaced, and nobody looks again.
    """
    pods = options.cluster_cidr
    lines = [f"ip saddr {pods} ip daddr {pods} snat to ip saddr"]
    if options.masquerade:
        lines.append(f"ip saddr {pods} ip daddr != {pods} masquerade")
    rules = "\n".join(f"    {line}" for line in lines)
    return (
        f"add table ip {options.table}\ndelete table ip {options.table}\n"
        f"table ip {options.table} {{\n  chain postrouting {{\n"
        f"    type nat hook postrouting priority srcnat - 4; policy accept;\n{rules}\n  }}\n}}\n"
    )

"""Runs nft and conntrack."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import structlog

from knarr.daemon.child import run
from proxy.nftables.library import apply, library

log = structlog.get_logger()

ROUTE_LOCALNET = "/proc/sys/net/ipv4/conf/all/route_localnet"

RUN_S = 60.0
"""A transaction of all Services of a large cluster takes seconds on a busy machine."""

SMALL_BYTES = 64 * 1024
"""Smaller transactions are carried out without a process of their own."""

CAP_NET_ADMIN = 12
"""Number of the privilege that nft needs."""


class NftError(OSError):
    """The kernel or nft refused a transaction; nothing of it was done."""


class Kernel:
    """The packet filter of one network namespace."""

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self._prefix = tuple(prefix)
        """What runs a command in the namespace; nothing for our own."""
        self._can_forget = True

    async def apply(self, commands: str) -> None:
        """Carry out commands, all of them or none. Raise NftError."""
        found = library() if not self._prefix and len(commands) < SMALL_BYTES else None
        if found is not None:
            wrong = await asyncio.to_thread(apply, found, commands.encode())
            if wrong is not None:
                raise NftError(1, wrong.splitlines()[0])
            return
        code, printed = await _run((*self._prefix, "nft", "-f", "-"), commands.encode())
        if code:
            told = printed.strip().splitlines()
            raise NftError(code, told[0] if told else "nft failed")

    async def has_chain(self, chain: str) -> bool:
        """Whether there is such a chain: FAMILY TABLE NAME."""
        code, _ = await _run((*self._prefix, "nft", "list", "chain", *chain.split()), b"")
        return code == 0

    async def forget_flows(self, words: Sequence[str]) -> None:
        """Forget flows of connections, so that their next packets are looked up."""
        if not self._can_forget:
            return
        try:
            # It fails where there is no such flow, which is as good.
            await _run((*self._prefix, "conntrack", "-D", *words), b"")
        except FileNotFoundError:
            self._can_forget = False
            log.warning("conntrack is not installed, some datagrams go where nobody is any more")

    async def route_localnet(self, value: str) -> str | None:
        """Say whether packets from 127.0.0.1 may leave: node ports answer there only if so.

        Answer what was said before, None where it is the same or not ours to say.
        """
        script = f"cat {ROUTE_LOCALNET} && echo {value} > {ROUTE_LOCALNET}"
        code, printed = await _run((*self._prefix, "sh", "-c", script), b"")
        if code:
            log.warning("node ports do not answer at 127.0.0.1", error=printed.strip())
            return None
        return printed.strip() if printed.strip() != value else None


def why_not() -> str | None:
    """Why this machine cannot have rules; None when it can."""
    if shutil.which("nft") is None:
        return "nft is not installed (Debian package nftables)"
    lines = dict(
        line.split(":\t", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":\t" in line
    )
    if not int(lines.get("CapEff", "0"), 16) >> CAP_NET_ADMIN & 1:
        return f"user {os.geteuid()} has no CAP_NET_ADMIN"
    return None


async def _run(words: Sequence[str], fed: bytes) -> tuple[int, str]:
    try:
        code, printed, told = await run(words, fed, timeout_s=RUN_S)
    except TimeoutError:
        raise NftError(1, f"{words[0]} took more than {RUN_S:.0f} s") from None
    return code, (printed + told).decode(errors="replace")

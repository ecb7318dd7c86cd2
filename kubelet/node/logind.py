"""Hears from systemd's logind that the machine is about to stop, and holds it up meanwhile.

    async with Logind.opened(grace_s=60) as logind:
        async for stops in logind.announcements():
            ...                      # end the pods
            logind.let_go()

logind tells on D-Bus that a shutdown was asked for, and waits for those who hold
a delay lock: an open file. It waits so long as its configuration says, five
seconds where it says nothing; for more we add a file to that configuration.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

log = structlog.get_logger()

BUS, PLACE = "org.freedesktop.login1", "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
WORD = "PrepareForShutdown"

SETTINGS = Path("/etc/systemd/logind.conf.d/99-knarr-kubelet.conf")

ANSWER_S = 10.0
"""Patience with the bus."""

TAKES_UP_S, LOOK_S = 5.0, 0.1
"""What logind gets to read its configuration again, and how often it is asked meanwhile."""


class LogindError(Exception):
    """There is no logind, or it refuses."""


class Logind:
    """One connection to logind."""

    def __init__(self, bus: MessageBus, settings: Path) -> None:
        self._bus = bus
        self._settings = settings
        self._lock: int | None = None
        self._told: asyncio.Queue[bool] = asyncio.Queue()

    @staticmethod
    @asynccontextmanager
    async def opened(grace_s: float, settings: Path = SETTINGS) -> AsyncIterator["Logind"]:
        """Hold up shutdowns while the block runs, for so long. Raise LogindError."""
        bus = MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True)
        try:
            async with asyncio.timeout(ANSWER_S):
                await bus.connect()
        except (OSError, TimeoutError, EOFError) as error:
            raise LogindError(f"the system's D-Bus does not answer: {error}") from None
        logind = Logind(bus, settings)
        try:
            await logind._begin(grace_s)
            yield logind
        finally:
            logind.let_go()
            bus.disconnect()

    async def announcements(self) -> AsyncIterator[bool]:
        """Yield True when the machine is about to stop, False when it stays after all."""
        while True:
            stops = await self._told.get()
            if not stops and self._lock is None:
                await self._hold()
            yield stops

    def let_go(self) -> None:
        """We are through: the machine may stop."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _begin(self, grace_s: float) -> None:
        if await self._patience_s() < grace_s:
            await self._have_it_wait(grace_s)
        self._bus.add_message_handler(self._hear)
        rule = f"type='signal',interface='{MANAGER}',member='{WORD}',path='{PLACE}'"
        await self._call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.AddMatch", rule
        )
        await self._hold()

    def _hear(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == WORD:
            self._told.put_nowait(bool(message.body[0]))

    async def _hold(self) -> None:
        """Take the lock that shutdowns wait for."""
        words = ("shutdown", "knarr-kubelet", "pods get time to end", "delay")
        answer = await self._call(BUS, PLACE, f"{MANAGER}.Inhibit", *words)
        self._lock = answer.unix_fds[answer.body[0]]

    async def _patience_s(self) -> float:
        """How long logind waits for those who hold a lock."""
        name = "org.freedesktop.DBus.Properties.Get"
        answer = await self._call(BUS, PLACE, name, MANAGER, "InhibitDelayMaxUSec")
        value: Variant = answer.body[0]
        return float(value.value) / 1e6

    async def _have_it_wait(self, grace_s: float) -> None:
        """Give logind more patience, by its configuration."""
        try:
            self._settings.parent.mkdir(parents=True, exist_ok=True)
            self._settings.write_text(f"[Login]\nInhibitDelayMaxSec={grace_s:.0f}\n")
        except OSError as error:
            raise LogindError(f"{self._settings} cannot be written: {error.strerror}") from None
        await self._call(
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager.KillUnit",
            "systemd-logind.service",
            "all",
            int(signal.SIGHUP),
        )
        for _ in range(int(TAKES_UP_S / LOOK_S)):
            if await self._patience_s() >= grace_s:
                return
            await asyncio.sleep(LOOK_S)
        log.warning("logind does not wait as long as pods may take", wanted_s=grace_s)

    async def _call(self, to: str, path: str, method: str, *words: Any) -> Message:
        interface, _, member = method.rpartition(".")
        message = Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            signature="".join("i" if isinstance(word, int) else "s" for word in words),
            body=list(words),
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._bus.call(message)
        except (TimeoutError, EOFError, OSError) as error:
            raise LogindError(f"{member} was not answered: {error}") from None
        if answer.message_type is MessageType.ERROR:
            raise LogindError(f"{member}: {answer.error_name}: {answer.body}")
        return answer

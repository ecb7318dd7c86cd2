"""A shutdown that logind announces is held up until the pods have ended.

The bus is a real one of the test's own; the one who announces stands in for
logind, which runs on machines of systemd alone.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import pytest
from dbus_fast import PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusSignature
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from kubelet.node.logind import BUS, MANAGER, PLACE, Logind, LogindError
from tests.component.kubelet.lab import WAIT_S

BUS_CONFIG = """
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class Manager(ServiceInterface):
    """What of logind a kubelet speaks with."""

    def __init__(self) -> None:
        super().__init__(MANAGER)
        self.patience_us = 5_000_000
        self.held: list[int] = []
        """Our ends of the locks that were given away."""
        self.asked: list[tuple[str, str]] = []

    @dbus_property(access=PropertyAccess.READ, name="InhibitDelayMaxUSec")
    def patience(self) -> Annotated[int, DBusSignature("t")]:
        return self.patience_us

    @dbus_method(name="Inhibit")
    def inhibit(
        self,
        what: Annotated[str, DBusSignature("s")],
        who: Annotated[str, DBusSignature("s")],
        why: Annotated[str, DBusSignature("s")],
        mode: Annotated[str, DBusSignature("s")],
    ) -> Annotated[int, DBusSignature("h")]:
        assert who
        assert why
        self.asked.append((what, mode))
        ours, theirs = os.pipe()
        self.held.append(ours)
        asyncio.get_running_loop().call_later(1.0, os.close, theirs)
        return theirs

    @dbus_signal(name="PrepareForShutdown")
    def announce(self, stops: bool) -> Annotated[bool, DBusSignature("b")]:
        return stops


class Systemd(ServiceInterface):
    """Reads logind's configuration again when it is told to."""

    def __init__(self, manager: Manager, settings: Path) -> None:
        super().__init__("org.freedesktop.systemd1.Manager")
        self._manager = manager
        self._settings = settings

    @dbus_method(name="KillUnit")
    def kill_unit(
        self,
        unit: Annotated[str, DBusSignature("s")],
        whom: Annotated[str, DBusSignature("s")],
        signal: Annotated[int, DBusSignature("i")],
    ) -> None:
        assert (unit, whom, signal) == ("systemd-logind.service", "all", 1)
        seconds = int(self._settings.read_text().rpartition("=")[2])
        self._manager.patience_us = seconds * 1_000_000


@pytest.fixture
async def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Manager]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    config = tmp_path / "bus.conf"
    config.write_text(BUS_CONFIG.format(path=tmp_path / "bus"))
    daemon = await asyncio.create_subprocess_exec(
        "dbus-daemon", f"--config-file={config}", "--nofork", "--print-address",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert daemon.stdout is not None
    await daemon.stdout.readline()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    bus = await MessageBus(
        bus_address=f"unix:path={tmp_path}/bus", negotiate_unix_fd=True
    ).connect()
    made = Manager()
    bus.export(PLACE, made)
    bus.export("/org/freedesktop/systemd1", Systemd(made, tmp_path / "logind.conf"))
    await bus.request_name(BUS)
    await bus.request_name("org.freedesktop.systemd1")
    try:
        yield made
    finally:
        bus.disconnect()
        daemon.terminate()
        await daemon.wait()
        for one in made.held:
            with suppress(OSError):
                os.close(one)


async def is_let_go(manager: Manager) -> None:
    """Wait until nobody holds the last lock any more: then our end reads its end."""
    ours = manager.held[-1]
    os.set_blocking(ours, False)
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                assert os.read(ours, 1) == b""
            except BlockingIOError:
                await asyncio.sleep(0.02)
            else:
                return


async def test_a_shutdown_waits_until_we_let_go(manager: Manager, tmp_path: Path) -> None:
    settings = tmp_path / "logind.conf"
    async with asyncio.timeout(WAIT_S), Logind.opened(3.0, settings) as logind:
        assert manager.asked == [("shutdown", "delay")]
        assert not settings.exists(), "five seconds are enough"
        told = logind.announcements()
        manager.announce(stops=True)
        assert await anext(told) is True
        logind.let_go()
        await is_let_go(manager)
        manager.announce(stops=False)
        assert await anext(told) is False
        assert len(manager.asked) == 2, "it holds up the next one"
    await is_let_go(manager)


async def test_logind_is_told_to_wait_longer(manager: Manager, tmp_path: Path) -> None:
    settings = tmp_path / "logind.conf"
    async with asyncio.timeout(WAIT_S), Logind.opened(90.0, settings):
        assert settings.read_text() == "[Login]\nInhibitDelayMaxSec=90\n"
        assert manager.patience_us == 90_000_000


async def test_where_there_is_no_bus_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    with pytest.raises(LogindError, match="D-Bus does not answer"):
        async with Logind.opened(3.0, tmp_path / "logind.conf"):
            pass

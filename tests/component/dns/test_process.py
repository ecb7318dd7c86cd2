"""What knarr-dns says of a configuration that cannot be used."""

import sys
from pathlib import Path

import pytest

from dns.__main__ import blocks_of
from dns.dns import Dns, DnsOptions
from knarr.client.informers import Informers
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.settings import SettingsError
from tests.component.dns.lab import run_tool
from tests.unit.knarr.client.cluster import in_process


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            ".:53 {\n bogus\n}\n", "Corefile:2: bogus: there is no such plugin", id="name"
        ),
        pytest.param(".:53 {\n errors\n", "Corefile:1: the block that begins here", id="brace"),
        pytest.param(
            ".:53 {\n forward . nowhere\n}\n",
            "Corefile:2: forward: 'nowhere' is neither an address nor a file",
            id="upstream",
        ),
        pytest.param("tls://.:853 {\n}\n", "Corefile:1: tls:// is not served", id="transport"),
        pytest.param(
            ".:53 {\n kubernetes cluster.local {\n  pods maybe\n }\n}\n",
            "Corefile:2: kubernetes: cannot use pods maybe",
            id="a plugin's word",
        ),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "Corefile"
    path.write_text(text)
    async with in_process() as client, Informers(client) as informers:

        async def serve() -> None:
            options = DnsOptions(blocks=blocks_of(str(path)), ports=(0,))
            await Dns(options, informers, SystemClock(), seeded(1)).run()

        with pytest.raises(SettingsError) as raised:
            await serve()
    assert str(raised.value).startswith(told)


async def test_the_process_tells_it_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "Corefile"
    path.write_text(".:53 {\n bogus\n}\n")
    printed = await run_tool(sys.executable, "-m", "dns", "--conf", str(path))
    assert printed == "knarr-dns: Corefile:2: bogus: there is no such plugin\n"

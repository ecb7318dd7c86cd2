"""Hosts of a file, reached by ssh; docs/hosts.md has an example.

with remote_lab(Path("hosts.yaml"), folder, nodes=2) as made: ...
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.multihost.made import Lab
from tests.multihost.remote import RemoteHost
from tests.multihost.remote_wires import RemoteWires

FOLDER = "/var/tmp/knarr-test"


@contextmanager
def remote_lab(
    inventory: Path, folder: Path, *, nodes: int, servers: int, images: Path | None
) -> Iterator[Lab]:
    """A lab on hosts of an inventory, which have nothing of ours when the block ends."""
    told: Mapping[str, Any] = yaml.safe_load(inventory.read_text())
    for kind, count in (("servers", servers), ("nodes", nodes)):
        there = len(told.get(kind) or ())
        if there < count:
            pytest.skip(f"{inventory} has {there} {kind}, {count} are needed")
    # Sockets have short names.
    local = Path(tempfile.mkdtemp(prefix="knl-"))
    leading = [_host(told, one, local) for one in told["servers"][:servers]]
    made = [_host(told, one, local, n) for n, one in enumerate(told["nodes"][:nodes], 1)]
    for number, host in enumerate(made):
        host.images, host.is_bare = images, number > 0
    hosts = [*leading, *made]
    wires = RemoteWires(hosts)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, local, ignore_errors=True)
        for host in hosts:
            stack.callback(host.down)
            host.wires = wires
            host.up()
        stack.callback(wires.down)
        wires.up()
        yield Lab(leading[0], [*made], wires, folder, [*leading[1:]])


def _host(
    told: Mapping[str, Any], one: Mapping[str, str], local: Path, number: int = 0
) -> RemoteHost:
    return RemoteHost(
        name=one["name"],
        ip=one["ip"],
        ssh=[*told.get("ssh", ()), one.get("ssh", f"root@{one['ip']}")],
        folder=Path(told.get("folder", FOLDER)),
        local=local,
        pods=f"10.244.{number}.0/24" if number else "",
        interpreter=str(told.get("python", "python3")),
        off=one.get("off", ""),
        on=one.get("on", ""),
        has_engine=number > 0,
    )

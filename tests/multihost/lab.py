"""Hosts and the wires between them.

with lab(folder, hosts=3) as made:
    made.wires.partition(made.nodes[0], made.nodes[1])
    made.nodes[2].kill()
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tests.dockerd import missing
from tests.multihost.host import CONTROL, NamespaceHost
from tests.multihost.inventory import remote_lab
from tests.multihost.made import Lab
from tests.multihost.namespaces import ROOT, delete, processes, run
from tests.multihost.wires import Switch

PREFIX = "knl"

HOSTS = Path(os.environ["HOSTS"]).absolute() if os.environ.get("HOSTS") else None
"""An inventory of hosts to be used instead, reached by ssh."""

_NUMBERS = count()


def why_not() -> str:
    """Why there can be no lab here; empty where there can."""
    if HOSTS is not None:
        return ""
    reason = missing()
    if not reason and not all(map(shutil.which, ("ip", "nft", "nsenter", "iptables"))):
        reason = "ip, nft, nsenter or iptables is not installed: lab/test-tools.sh does it"
    return reason


@contextmanager
def lab(
    folder: Path,
    nodes: int = 2,
    *,
    apart: Sequence[int] = (),
    images: Path | None = None,
    servers: int = 1,
) -> Iterator[Lab]:
    """A lab that is gone when the block ends; hosts of these numbers (from 1) lie behind a router.

    The first node's engine is as users have it: with its own proxy for published ports.
    """
    if HOSTS is not None:
        with remote_lab(HOSTS, folder, nodes=nodes, servers=servers, images=images) as found:
            yield found
        return
    sweep()
    tag = f"{PREFIX}{os.getpid()}{chr(ord('a') + next(_NUMBERS))}"
    switch = Switch(tag, folder)
    leading = [
        NamespaceHost(name, CONTROL - n, 0, tag, folder / name, switch, has_engine=False)
        for n, name in enumerate(("control", *(f"control{n + 1}" for n in range(1, servers))))
    ]
    made: list[NamespaceHost] = []
    for number in range(1, nodes + 1):
        one = NamespaceHost(
            name=f"node{number}",
            number=CONTROL + number,
            link=1 if number in apart else 0,
            tag=tag,
            folder=folder / f"node{number}",
            switch=switch,
            images=images,
            is_bare=number > 1,
        )
        made.append(one)
    with ExitStack() as stack:
        stack.callback(_remove_cgroups, tag)
        stack.callback(switch.down)
        switch.up()
        for host in (*leading, *made):
            stack.callback(host.down)
            host.up()
        yield Lab(leading[0], [*made], switch, folder, [*leading[1:]])


def sweep() -> None:
    """Remove what labs left whose tests were killed."""
    for one in sorted(ROOT.glob(f"{PREFIX}*")):
        pid = "".join(letter for letter in one.name.removeprefix(PREFIX)[:8] if letter.isdigit())
        if pid and not Path(f"/proc/{pid}").exists():
            for process in processes(one.name):
                os.kill(process, 9)
            delete(one.name)


def _remove_cgroups(tag: str) -> None:
    root = Path("/sys/fs/cgroup")
    for one in (*root.glob(f"*/{tag}"), *root.glob(tag)):
        run("find", str(one), "-depth", "-type", "d", "-exec", "rmdir", "{}", "+", check=False)

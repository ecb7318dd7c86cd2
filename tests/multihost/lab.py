"""Hosts and the wires between them.

with lab(folder, hosts=3) as made:
    made.wires.partition(made.nodes[0], made.nodes[1])
    made.nodes[2].kill()
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.dockerd import missing
from tests.multihost.host import CONTROL, Host, NamespaceHost
from tests.multihost.namespaces import ROOT, delete, processes, run
from tests.multihost.wires import Switch, Wires

PREFIX = "knl"

_NUMBERS = count()


@dataclass
class Lab:
    """Hosts, and what is between them."""

    control: Host
    """A host without an engine, for what leads the cluster."""
    nodes: list[Host]
    wires: Wires
    folder: Path
    """A folder on this machine, for the tests' own."""

    @property
    def hosts(self) -> list[Host]:
        """All of them."""
        return [self.control, *self.nodes]


def why_not() -> str:
    """Why there can be no lab here; empty where there can."""
    reason = missing()
    if not reason and not all(map(shutil.which, ("ip", "nft", "nsenter", "iptables"))):
        reason = "ip, nft, nsenter or iptables is not installed: lab/test-tools.sh does it"
    return reason


@contextmanager
def lab(
    folder: Path, nodes: int = 2, *, apart: Sequence[int] = (), images: Path | None = None
) -> Iterator[Lab]:
    """A lab that is gone when the block ends; hosts of these numbers (from 1) lie behind a router.

    The first node's engine is as users have it: with its own proxy for published ports.
    """
    sweep()
    tag = f"{PREFIX}{os.getpid()}{chr(ord('a') + next(_NUMBERS))}"
    switch = Switch(tag, folder)
    control = NamespaceHost(
        "control", CONTROL, 0, tag, folder / "control", switch, has_engine=False
    )
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
        for host in (control, *made):
            stack.callback(host.down)
            host.up()
        yield Lab(control, [*made], switch, folder)


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

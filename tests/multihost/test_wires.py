"""The wires themselves: what faults leave behind once they are healed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.multihost.api import eventually
from tests.multihost.host import NamespaceHost
from tests.multihost.lab import HOSTS, PREFIX, why_not
from tests.multihost.namespaces import ip
from tests.multihost.wires import Switch

LOWEST = "02:00:00:00:00:00"
"""No chance gives a port a lower address than this."""


@pytest.fixture
def near_far_slow(tmp_path: Path) -> Iterator[tuple[NamespaceHost, ...]]:
    """Two hosts on one link and one behind the router, none with an engine."""
    reason = why_not() or ("wires of real hosts are what they are" if HOSTS else "")
    if reason:
        pytest.skip(reason)
    tag = f"{PREFIX}{os.getpid()}w"
    switch = Switch(tag, tmp_path)
    hosts = tuple(
        NamespaceHost(name, number, link, tag, tmp_path / name, switch, has_engine=False)
        for number, (name, link) in enumerate((("near", 0), ("far", 1), ("slow", 0)), start=11)
    )
    try:
        switch.up()
        for host in hosts:
            host.up()
        yield hosts
    finally:
        for host in hosts:
            host.down()
        switch.down()


def reaches(one: NamespaceHost, other: NamespaceHost) -> None:
    """Nobody listens there, so a refusal is an answer."""
    with pytest.raises(ConnectionRefusedError):
        one.connect(other.ip, 9, timeout_s=3)


def test_a_wire_that_is_slow_for_a_while_changes_no_way_of_others(
    near_far_slow: tuple[NamespaceHost, ...],
) -> None:
    near, far, slow = near_far_slow
    switch = slow.switch
    ip(switch.namespace, "link", "set", slow.name, "address", LOWEST)
    eventually(lambda: reaches(near, far), 10)
    known = ip(near.namespace, "neigh", "show", switch.address(0)).split()
    switch.delay(slow, 20)
    reaches(near, far)
    eventually(lambda: reaches(slow, far), 10)
    switch.heal()
    reaches(near, far)
    assert known[:5] == ip(near.namespace, "neigh", "show", switch.address(0)).split()[:5]

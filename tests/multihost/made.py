"""Hosts that are there, and what is between them."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.multihost.host import Host
from tests.multihost.wires import Wires


@dataclass
class Lab:
    """Hosts, and what is between them."""

    control: Host
    """A host without an engine, for what leads the cluster."""
    nodes: list[Host]
    wires: Wires
    folder: Path
    """A folder on this machine, for the tests' own."""
    further: list[Host] = field(default_factory=list)
    """More hosts like the first, where there are to be several servers."""

    @property
    def servers(self) -> list[Host]:
        """The hosts without an engine."""
        return [self.control, *self.further]

    @property
    def hosts(self) -> list[Host]:
        """All of them."""
        return [*self.servers, *self.nodes]

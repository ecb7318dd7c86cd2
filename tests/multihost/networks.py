"""From where clients ask: the network of a host or of a pod.

`NamespaceNetwork` is one on this machine; remote.py has those on hosts reached by ssh.
"""

from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket
from typing import Protocol

from tests.multihost.namespaces import inside


class Network(Protocol):
    """Makes sockets that are there, however far away that is."""

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from there. Raise OSError where there is none to be had."""
        ...

    def datagrams(self, timeout_s: float = 2.0) -> socket:
        """A socket for datagrams; only of networks on this machine, elsewhere the test skips."""
        ...


@dataclass(frozen=True)
class NamespaceNetwork:
    """A network namespace of this machine."""

    path: Path

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from there."""
        with inside(self.path):
            made = socket(AF_INET, SOCK_STREAM)
        made.settimeout(timeout_s)
        try:
            made.connect((address, port))
        except OSError:
            made.close()
            raise
        return made

    def datagrams(self, timeout_s: float = 2.0) -> socket:
        """A socket for datagrams that come from there."""
        with inside(self.path):
            made = socket(AF_INET, SOCK_DGRAM)
        made.settimeout(timeout_s)
        return made

"""Which versions work together: an agent is as old as its server, or one minor version older."""

import re

from knarr.cluster.hosts.failure import JoinError
from kubelet.node.machine import KUBELET_VERSION

OLDER_MAX = 1
"""So many minor versions an agent may be behind its servers."""

OWN_VERSION = KUBELET_VERSION
"""What this host has; nodes say the same of themselves."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def check_skew(own: str, server: str) -> None:
    """Raise JoinError unless an agent of the version `own` works with that server."""
    ours, theirs = _minor(own), _minor(server)
    if ours is None or theirs is None:
        raise JoinError(f"versions cannot be compared: {own!r} here, {server!r} at the server")
    if ours > theirs:
        raise JoinError(
            f"this host has {own}, newer than the server's {server}: "
            "update servers before agents, or install the server's version here"
        )
    if ours[0] != theirs[0] or theirs[1] - ours[1] > OLDER_MAX:
        raise JoinError(
            f"this host has {own}, more than {OLDER_MAX} minor version older than the server's "
            f"{server}: update this host"
        )


def _minor(version: str) -> tuple[int, int] | None:
    found = _VERSION.match(version)
    return (int(found.group(1)), int(found.group(2))) if found else None

"""Skips tests of process pods with volumes where this machine lets nobody mount."""

import pytest

from kubelet.runtime.process.privilege import can_mount

WHY = "neither root nor user namespaces: processes have no volumes here"


def require_mounts() -> None:
    """Skip the test unless processes can have mounts of their own."""
    if not can_mount():
        pytest.skip(WHY)

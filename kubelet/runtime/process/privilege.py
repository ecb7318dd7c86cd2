"""What this machine lets the process runtime do."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

_ENTER = Path(__file__).with_name("enter.py")

_TRY = "import runpy,sys; runpy.run_path(sys.argv[1])['own_mounts']()"


@cache
def can_mount() -> bool:
    """Whether a process can have mounts of its own: as root, or in a user namespace."""
    tried = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TRY, str(_ENTER)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        env={"PATH": os.defpath},
    )
    return tried.returncode == 0

"""The units of real hosts are what systemd takes, and their files name flags that there are."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from knarr.cluster.hosts.commands import agent_flags
from knarr.cluster.hosts.server_flags import server_flags

FOLDER = Path(__file__).parents[2] / "lab" / "systemd"


@pytest.mark.parametrize("unit", ["knarr-server.service", "knarr-agent.service"])
def test_systemd_takes_the_unit(unit: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here")
    if not os.access("/tmp", os.W_OK):
        pytest.skip("systemd-analyze has no other folder to work in than /tmp")
    text = (FOLDER / unit).read_text().replace("/usr/local/bin/knarr", "/bin/true")
    (tmp_path / unit).write_text(text)
    done = subprocess.run(
        [program, "verify", str(tmp_path / unit)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["server", "agent"])
def test_environment_files_name_flags(name: str) -> None:
    flags = server_flags() if name == "server" else agent_flags()
    named = re.findall(r"^#?KNARR_([A-Z_]+)=", (FOLDER / f"{name}.env").read_text(), re.M)
    assert named
    assert [one for one in named if not flags.knows(one.lower().replace("_", "-"))] == []

"""Hosts to be reached by ssh, on this machine: each a namespace with a disk and an sshd.

    python -m tests.multihost.sshd make test-vms       # HOSTS is set for the command

They stand in for virtual machines: nothing of one is seen by another, and the tests
reach them by ssh alone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from tests.multihost.host import CONTROL, ROOT, NamespaceHost
from tests.multihost.namespaces import run
from tests.multihost.wires import Switch

SSHD = "/usr/sbin/sshd"
PORT = 2222
SEPARATION = Path("/run/sshd")
"""Where sshd wants an empty folder."""

START_S = 20.0


def why_not() -> str:
    """Why there can be no such hosts here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can start hosts"
    wanted = (SSHD, "ssh", "ssh-keygen", "busybox", "nsenter", "ip", "nft")
    gone = [one for one in wanted if shutil.which(one) is None]
    return f"not installed: {', '.join(gone)}; lab/test-tools.sh faults does it" if gone else ""


@contextmanager
def ssh_hosts(folder: Path, *, nodes: int, servers: int = 1) -> Iterator[Path]:
    """Hosts that are gone when the block ends; answers their inventory."""
    tag = f"knl{os.getpid()}s"
    switch = Switch(tag, folder)
    names = ["control", *(f"control{n}" for n in range(2, servers + 1))]
    numbers = {name: CONTROL - n for n, name in enumerate(names)}
    numbers |= {f"node{n}": CONTROL + n for n in range(1, nodes + 1)}
    keys = _Keys(folder)
    made_separation = not SEPARATION.exists()
    SEPARATION.mkdir(mode=0o755, exist_ok=True)
    place = Path("/tmp") / tag
    place.mkdir()
    with ExitStack() as stack:
        stack.callback(place.rmdir)
        if made_separation:
            stack.callback(SEPARATION.rmdir)
        stack.callback(switch.down)
        switch.up()
        for name, number in numbers.items():
            host = _host(tag, folder, name, number)
            stack.callback(host.down)
            host.up()
            keys.know(host.namespace)
            serve(host)
        inventory = folder / "hosts.yaml"
        told = {
            "ssh": ["-F", str(keys.config)],
            "python": sys.executable,
            "folder": str(place),
            "servers": [_entry(tag, folder, name, numbers[name]) for name in names],
            "nodes": [_entry(tag, folder, n, m) for n, m in numbers.items() if n not in names],
        }
        inventory.write_text(yaml.safe_dump(told))
        yield inventory


def serve(host: NamespaceHost) -> None:
    """Have a host answer by ssh; what it writes in the folder of tests is on its own disk."""
    disk, place = host.folder / "disk", Path("/tmp") / host.tag
    disk.mkdir(parents=True, exist_ok=True)
    words = f"mount --bind {disk} {place} && exec {SSHD} -D -e -f {host.folder.parent}/sshd_config"
    private = ("unshare", "--mount", "--propagation=private", "sh", "-c", words)
    host.start("sshd", *private)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            host.connect("127.0.0.1", PORT).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"sshd did not start: {(host.folder / 'log-sshd').read_text()}")


class _Keys:
    """One key for the hosts, one for who comes, and what sshd and ssh are told of them."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "ssh_config"
        self._known = folder / "known_hosts"
        for name in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        self._host = (folder / "host.pub").read_text().strip()
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{PORT}\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
            "SetEnv PYTHONDONTWRITEBYTECODE=1\n"
        )
        self.config.write_text(
            f"Port {PORT}\nUser root\nIdentityFile {folder}/user\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self._known}\nStrictHostKeyChecking yes\n"
            f"ProxyCommand nsenter --net=/run/netns/%h busybox nc 127.0.0.1 {PORT}\n"
        )

    def know(self, name: str) -> None:
        """Have ssh know a host."""
        with self._known.open("a") as file:
            file.write(f"[{name}]:{PORT} {self._host}\n")


def _host(tag: str, folder: Path, name: str, number: int) -> NamespaceHost:
    switch = Switch(tag, folder)
    return NamespaceHost(name, number, 0, tag, folder / name, switch, has_engine=False)


def _entry(tag: str, folder: Path, name: str, number: int) -> dict[str, str]:
    host = _host(tag, folder, name, number)
    command = f"cd {ROOT} && {sys.executable} -m tests.multihost.sshd"
    rest = f"{tag} {folder} {name} {number}"
    return {
        "name": name,
        "ip": host.ip,
        "ssh": f"root@{host.namespace}",
        "off": f"{command} --off {rest}",
        "on": f"{command} --on {rest}",
    }


def main(words: Sequence[str]) -> int:
    """Switch a host off or on, or run a command with hosts of an inventory."""
    if words and words[0] in ("--off", "--on"):
        tag, folder, name, number = words[1:]
        host = _host(tag, Path(folder), name, int(number))
        if words[0] == "--off":
            host.kill()
        else:
            host.up()
            serve(host)
        return 0
    with tempfile.TemporaryDirectory(prefix="knl-") as folder:
        with ssh_hosts(Path(folder), nodes=3, servers=3) as inventory:
            settings = os.environ | {"HOSTS": str(inventory)}
            return subprocess.run([*words], env=settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

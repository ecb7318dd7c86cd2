"""What tests are promised of hosts, namespaces and those reached by ssh alike."""

from collections.abc import Iterator

import pytest

from tests.multihost import sshd
from tests.multihost.api import eventually
from tests.multihost.host import Host
from tests.multihost.inventory import remote_lab
from tests.multihost.lab import lab, why_not
from tests.multihost.made import Lab

SERVE = "import http.server as h, sys; h.test(h.SimpleHTTPRequestHandler, port=int(sys.argv[1]))"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module", params=["namespaces", "ssh"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A leading host and two nodes."""
    folder = tmp_path_factory.mktemp("hosts")
    reason = why_not() or (sshd.why_not() if request.param == "ssh" else "")
    if reason:
        pytest.skip(reason)
    if request.param == "namespaces":
        with lab(folder, 2) as found:
            yield found
        return
    with sshd.ssh_hosts(folder, nodes=2) as inventory:
        with remote_lab(inventory, folder, nodes=2, servers=1, images=None) as found:
            yield found


@pytest.fixture
def host(made: Lab) -> Host:
    return made.nodes[0]


def test_a_command_is_run_there(host: Host) -> None:
    assert host.run("cat", fed="some words") == "some words"
    assert f"{host.ip}/" in host.run("ip", "-4", "addr")
    with pytest.raises(AssertionError, match="no such thing"):
        host.run("sh", "-c", "echo no such thing >&2; exit 3")
    assert "nothing" in host.run("sh", "-c", "echo nothing; exit 3", check=False)


def test_each_host_has_a_disk_of_its_own(made: Lab, host: Host) -> None:
    path = host.folder / "some" / "file"
    host.write(path, b"\0\xff")
    assert host.read(path) == b"\0\xff"
    assert host.run("wc", "-c", str(path)).split()[0] == "2"
    with pytest.raises(OSError, match="No such file"):
        host.read(host.folder / "none")
    other = made.nodes[1]
    other.write(other.folder / "some" / "file", b"other")
    assert host.read(path) == b"\0\xff"


def test_programs_start_crash_and_end(host: Host) -> None:
    script = 'echo "here is $0"; trap "echo ended; exit 0" TERM; while :; do sleep 0.05; done'
    host.start("loop", "sh", "-c", script, "it")
    log = host.folder / "log-loop"
    eventually(lambda: _said(host, "here is it", 1))
    assert host.is_running("loop")
    host.crash("loop")
    eventually(lambda: _said(host, "here is it", 2))
    assert b"ended" not in host.read(log)
    host.restart("loop")
    eventually(lambda: _said(host, "here is it", 3))
    assert host.read(log).count(b"ended") == 1
    assert host.words_of("loop") == ("sh", "-c", script, "it")
    host.crash("loop", again=False)
    assert not host.is_running("loop")
    host.start("loop", "sh", "-c", script, "it")
    eventually(lambda: _said(host, "here is it", 4))
    host.stop("loop")
    assert not host.is_running("loop")


def _said(host: Host, words: str, times: int) -> None:
    assert host.read(host.folder / "log-loop").decode().count(words) == times


def test_python_there_has_our_source(host: Host) -> None:
    told = host.run(*host.python, "-c", "import knarr.api.kinds as k; print(k.__file__)")
    assert told.strip().endswith("knarr/api/kinds.py")


def test_connections_come_from_there_and_faults_are_seen(made: Lab, host: Host) -> None:
    other = made.nodes[1]
    other.start("web", *other.python, "-c", SERVE, "8000")
    try:
        eventually(lambda: _asked(host, other))
        with pytest.raises(ConnectionRefusedError):
            host.connect(other.ip, 8001)
        for cut in (made.wires.one_way, made.wires.partition):
            cut(other, host)
            with pytest.raises(OSError, match="timed out"):
                host.connect(other.ip, 8000, timeout_s=0.3)
            _asked(made.control, other)
            made.wires.heal()
            eventually(lambda: _asked(host, other))
        made.wires.cut(other)
        with pytest.raises(OSError, match=r"timed out|No route"):
            made.control.connect(other.ip, 8000, timeout_s=0.3)
        assert other.is_running("web"), "it is reached all the same"
        made.wires.heal()
        eventually(lambda: _asked(host, other))
        made.wires.lose(other, 100)
        with pytest.raises(OSError, match="timed out"):
            host.connect(other.ip, 8000, timeout_s=0.3)
        made.wires.heal()
        eventually(lambda: _asked(host, other))
    finally:
        made.wires.heal()
        other.stop("web")


def _asked(host: Host, other: Host) -> None:
    with host.connect(other.ip, 8000) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.0 200"


def test_programs_hang_and_go_on(host: Host, made: Lab) -> None:
    host.start("web", *host.python, "-c", SERVE, "8000")
    try:
        eventually(lambda: _asked(made.control, host))
        host.freeze()
        with made.control.connect(host.ip, 8000, timeout_s=0.5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
        host.thaw()
        eventually(lambda: _asked(made.control, host))
    finally:
        host.stop("web")


def test_a_host_loses_its_power_and_starts_again(made: Lab) -> None:
    host = made.nodes[1]
    host.start("web", *host.python, "-c", SERVE, "8000")
    host.write(host.folder / "kept", b"kept")
    eventually(lambda: _asked(made.control, host))
    host.kill()
    with pytest.raises(OSError, match=r"timed out|No route"):
        made.control.connect(host.ip, 8000, timeout_s=0.5)
    host.boot()
    try:
        eventually(lambda: _asked(made.control, host))
        assert host.read(host.folder / "kept") == b"kept"
        assert host.engine.ask("GET", "/containers/json?all=1") == []
        made.wires.partition(made.control, host)
        with pytest.raises(OSError, match="timed out"):
            made.control.connect(host.ip, 8000, timeout_s=0.5)
        made.wires.heal()
        eventually(lambda: _asked(made.control, host))
    finally:
        host.stop("web")


def test_an_engine_crashes_and_starts_again(host: Host) -> None:
    assert host.engine.ask("GET", "/version")["ApiVersion"]
    host.engine.kill()
    with pytest.raises(OSError):  # noqa: PT011  Refused, reset: as it falls.
        host.engine.ask("GET", "/version")
    host.engine.start()
    assert host.engine.ask("GET", "/version")["ApiVersion"]

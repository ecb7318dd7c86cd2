"""Three servers of which some are gone: what goes on, what fails, and that all is whole again."""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.images import archive_of
from tests.multihost.api import Api, RefusedError, eventually
from tests.multihost.lab import lab, why_not
from tests.multihost.servers import NEVER, PROGRAM, Servers
from tests.multihost.stories import WAIT_S
from tests.multihost.witness import Ledger

LEASES = ("kube-controller-manager", "kube-scheduler")

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: c, image: "busybox:1.36", command: [sleep, "100000"]}
"""

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"

NEVER_MADE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "never-"}}

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """Three servers and a node with two pods."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("servers")
    with lab(folder, 1, images=archive_of("busybox"), servers=3) as made:
        cluster = Servers(made)
        failed = request.session.testsfailed
        try:
            cluster.start()
            cluster.apis[0].apply(WEB)
            cluster.apis[0].ready_pods("app=web", 2, WAIT_S)
            yield cluster
        finally:
            if sys.exc_info()[0] is not None or request.session.testsfailed > failed:
                sys.stderr.write(cluster.words())


@pytest.fixture(autouse=True)
def whole(servers: Servers) -> Iterator[None]:
    """Whatever a test did: all well after it, the pods the same, and never did two lead."""
    ran = _containers(servers)
    yield
    servers.lab.wires.heal()
    servers.wait_ready()
    for name in LEASES:
        reigns = servers.reigns(name)
        for before, after in pairwise(reigns):
            assert before[1] <= after[0], f"two led by {name}: {before}, {after}"
    assert _containers(servers) == ran, "pods went on"


def _containers(servers: Servers) -> set[str]:
    return {one["Id"] for one in servers.nodes[0].engine.ask("GET", "/containers/json")}


def _scale(servers: Servers, replicas: int) -> None:
    """Have controllers, scheduler and kubelet show that they work."""
    path = "/apis/apps/v1/namespaces/default/deployments/scaled"
    text = WEB.replace("name: web", "name: scaled").replace("app: web", "app: scaled")

    def ask() -> None:
        for api in servers.apis:
            try:
                if replicas:
                    api.apply(text)
                    api.ready_pods("app=scaled", 2, 0)
                else:
                    api.delete(path)
                    assert not api.pods("app=scaled")
            except (OSError, RefusedError):
                continue
            return
        raise AssertionError("no server answers")

    eventually(ask, WAIT_S)


@pytest.mark.parametrize("which", ["leader", "other"])
def test_the_loss_of_a_server_is_made_up_for(servers: Servers, which: str) -> None:
    leads = servers.leader()
    others = [host for host in servers.hosts if host is not leads]
    lost = leads if which == "leader" else others[0]
    with Ledger(servers.apis, which) as ledger:
        ledger.more(20, WAIT_S)
        lost.kill()
        try:
            ledger.more(40, WAIT_S)
            _scale(servers, 2)
        finally:
            lost.boot()
        ledger.more(20, WAIT_S)
        _scale(servers, 0)
    ledger.check()


def test_without_a_quorum_nothing_is_written_and_everything_goes_on(servers: Servers) -> None:
    ran = _containers(servers)
    left, *lost = servers.hosts
    with Ledger(servers.apis, "quorum") as ledger:
        ledger.more(20, WAIT_S)
        for host in lost:
            host.kill()
        try:
            there = "/api/v1/pods?resourceVersion=0"
            found = eventually(lambda: servers.api(left).get(there), WAIT_S)
            names = [pod["metadata"]["name"] for pod in found["items"]]
            assert sum(name.startswith("web-") for name in names) == 2, "reads go on"
            before = len(ledger.refused)
            eventually(lambda: _assert_more(ledger, before), WAIT_S)
            assert re.search("50[34]: etcd", ledger.refused[-1]), "and writes fail clearly"
            assert _containers(servers) == ran
        finally:
            for host in lost:
                host.boot()
        ledger.more(20, 2 * WAIT_S)
    servers.wait_ready()
    ledger.check()


def _assert_more(ledger: Ledger, before: int) -> None:
    assert len(ledger.refused) > before, ledger.broken[-3:]


def test_servers_killed_in_the_middle_of_writes_lose_none(servers: Servers) -> None:
    with Ledger(servers.apis, "one") as one, Ledger(servers.apis[::-1], "two") as two:
        for host in [*servers.hosts, servers.leader()]:
            one.more(10, WAIT_S)
            two.more(10, WAIT_S)
            host.crash(PROGRAM)
        one.more(20, WAIT_S)
        two.more(20, WAIT_S)
    servers.wait_ready()
    one.check()
    two.check()


def test_all_is_started_anew_one_after_the_other_and_no_request_fails(servers: Servers) -> None:
    with Ledger(servers.apis, "rolling") as one, Ledger(servers.apis[1:], "further") as two:
        for host in servers.hosts:
            one.more(10, WAIT_S)
            host.restart(PROGRAM)
            servers.wait_ready()
            two.more(10, WAIT_S)
        servers.nodes[0].restart("agent")
        one.more(10, WAIT_S)
        servers.wait_ready()
    for ledger in (one, two):
        # Where the machine is so busy that a connection is not served for seconds after it was
        # taken, it is closed without a word, one a server at most.
        closed = [told for told in ledger.broken if "RemoteDisconnected" in told]
        assert closed == ledger.broken
        assert len(closed) <= len(servers.hosts)
        assert not ledger.refused
        ledger.check()


def test_a_server_cut_off_leads_no_longer_before_another_does(servers: Servers) -> None:
    lost = servers.host(servers.holder(LEASES[0]))
    others = [host for host in servers.hosts if host is not lost]
    with Ledger([servers.api(host) for host in others], "cut") as ledger:
        servers.lab.wires.cut(lost)
        ledger.more(20, WAIT_S)

        def taken() -> None:
            for name in LEASES:
                reigns = servers.reigns(name)
                assert reigns[-1][2] != lost.name, reigns
                assert reigns[-1][1] == NEVER, reigns

        eventually(taken, WAIT_S)
        _scale(servers, 2)
        servers.lab.wires.heal()
        ledger.more(20, WAIT_S)
        _scale(servers, 0)
    ledger.check()


def test_a_server_cut_off_from_the_others_sends_its_clients_to_them(servers: Servers) -> None:
    """Clients reach it as before, but it reaches only a member of etcd without a quorum."""
    lost = servers.host(servers.holder(LEASES[0]))
    others = [host for host in servers.hosts if host is not lost]
    api = servers.api(lost)
    with (
        Ledger([api], "lost") as ledger,
        Ledger([servers.api(one) for one in others], "rest") as rest,
    ):
        ledger.more(10, WAIT_S)
        for host in others:
            servers.lab.wires.partition(lost, host)
        eventually(lambda: _refuses(api, "GET", "/readyz", None), WAIT_S)
        eventually(lambda: _refuses(api, "GET", "/api/v1/pods", None), WAIT_S)
        eventually(lambda: _refuses(api, "POST", CONFIG_MAPS, NEVER_MADE), WAIT_S)
        assert api.get("/api/v1/pods?resourceVersion=0")["items"], "what was read before is there"
        rest.more(20, WAIT_S)
        # The node's kubelet had this server for its own, or another: it works, whichever it was.
        _scale(servers, 2)
        servers.lab.wires.heal()
        ledger.more(20, WAIT_S)
        _scale(servers, 0)
    for one in (ledger, rest):
        one.check()


def _refuses(api: Api, method: str, path: str, body: object) -> None:
    told = "it is answered"
    try:
        api.ask(method, path, body)
    except RefusedError as error:
        told = str(error)
    assert re.search("readyz check failed|503: etcd: no member with a quorum", told), told

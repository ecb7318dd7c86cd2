"""Three control-plane hosts, made by the commands that people use, and nodes that joined."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.multihost.api import Api, Json, RefusedError, eventually
from tests.multihost.cluster import PODS, REST, TOKEN, WORDS_MAX
from tests.multihost.host import Host
from tests.multihost.made import Lab

START_S = 120.0

PROGRAM = "server"

BEGINS_OR_ENDS = ('event="opened the store"', "event=serving ", "event=stopped")

NEVER = "9"


@dataclass
class Servers:
    """A cluster with several servers, each with a member of etcd."""

    lab: Lab

    @property
    def hosts(self) -> list[Host]:
        """The hosts of the servers."""
        return self.lab.servers

    @property
    def nodes(self) -> list[Host]:
        """The hosts that run pods."""
        return self.lab.nodes

    @property
    def apis(self) -> list[Api]:
        """Each server, asked from a node, as clients elsewhere see it."""
        return [self.api(host) for host in self.hosts]

    def api(self, host: Host) -> Api:
        """One server."""
        network = self.nodes[0].network
        return Api(network, host.ip, REST, self.lab.folder / "ca.crt", TOKEN)

    def start(self) -> None:
        """Start one server after the other, then the nodes."""
        first = self.hosts[0]
        self._serve(first, "--cluster-init", f"--cluster-cidr={PODS}")
        place = first.folder / "server" / "pki" / "ca.crt"
        eventually(lambda: (self.lab.folder / "ca.crt").write_bytes(first.read(place)), START_S)
        eventually(lambda: self.api(first).get("/readyz"), START_S)
        for host in self.hosts[1:]:
            self._serve(host, *self._token("--server"))
            eventually(lambda h=host: self.api(h).get("/readyz"), START_S)  # type: ignore[misc]
        for host in self.nodes:
            words = [*self._token(), f"--node-name={host.name}", f"--node-ip={host.ip}"]
            words += [f"--state-dir={host.folder / 'agent'}", "--runtime=docker"]
            words += [f"--kubelet-arg=container-runtime-endpoint={host.docker}"]
            self._start(host, "agent", *words)
        eventually(self._are_ready, START_S)

    def wait_ready(self) -> None:
        """Wait until every server answers and writes, every member of etcd and node is well."""
        for host in self.hosts:
            if not host.is_running(PROGRAM):
                host.crash(PROGRAM)  # Supervisors start what has ended.
        eventually(self._are_ready, START_S)

    def leader(self) -> Host:
        """The host of etcd's leader."""
        for host in self.hosts:
            for status in self._etcd(host, "endpoint", "status"):
                if status["Status"].get("leader") == status["Status"]["header"]["member_id"]:
                    return host
        raise AssertionError("no member of etcd leads")

    def holder(self, name: str) -> str:
        """Who has a Lease, by its server's name."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}"
        for api in self.apis:
            try:
                found: Json = api.get(path)
            except (OSError, RefusedError):
                continue
            return str(found["spec"]["holderIdentity"]).partition("_")[0]
        raise AssertionError("no server answers")

    def host(self, name: str) -> Host:
        """A server's host."""
        return next(one for one in self.hosts if one.name == name)

    def reigns(self, name: str) -> list[tuple[str, str, str]]:
        """Who led by a Lease, from when to when, as the servers themselves tell; in order.

        Of one that was killed nobody told when it ended: its reign ends as it begins. One
        that goes on ends never.
        """
        found = []
        for host in self.hosts:
            since = ""
            for line in host.read(host.folder / f"log-{PROGRAM}").decode().splitlines():
                at = re.match(r"time=(\S+)", line)
                if at is None:
                    continue
                if "event=leads " in line and f"lease={name} " in line:
                    since = at[1]
                elif since and "another may lead now" in line and f"lease={name} " in line:
                    found.append((since, at[1], host.name))
                    since = ""
                elif since and any(mark in line for mark in BEGINS_OR_ENDS):
                    found.append((since, since, host.name))
                    since = ""
            if since:
                found.append((since, NEVER if host.is_running(PROGRAM) else since, host.name))
        return sorted(found)

    def words(self) -> str:
        """The last words of every program."""
        show = f'for f in log-*; do echo; echo "== $0 $f"; tail -c {WORDS_MAX} "$f"; done'
        return "".join(
            host.run("sh", "-c", f"cd '{host.folder}' && {show}", host.name, check=False)
            for host in self.lab.hosts
        )

    def _are_ready(self) -> None:
        for api in self.apis:
            nodes = api.get("/api/v1/nodes")["items"]
            assert len(nodes) == len(self.nodes)
            for node in nodes:
                conditions = node["status"].get("conditions", ())
                states = {one["type"]: one["status"] for one in conditions}
                assert states.get("Ready") == "True", node["metadata"]["name"]
            meta = {"name": "written"}
            data = {"by": api.address}
            api.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
        for host in self.hosts:
            self._etcd(host, "endpoint", "health")

    def _serve(self, host: Host, *more: str) -> None:
        tokens = host.folder / "tokens.csv"
        host.write(tokens, f"{TOKEN},admin,admin,system:masters\n".encode())
        self._start(
            host,
            PROGRAM,
            f"--name={host.name}",
            f"--state-dir={host.folder / 'server'}",
            f"--advertise-address={host.ip}",
            f"--token-auth-file={tokens}",
            *more,
        )

    def _token(self, *flags: str) -> list[str]:
        first = self.hosts[0]
        state = f"--state-dir={first.folder / 'server'}"
        words = (*first.python, "-m", "knarr.cluster", "token", "create", *flags, state)
        return first.run(*words, timeout_s=60).split()[2:]

    def _start(self, host: Host, name: str, *words: str) -> None:
        docker = ("env", f"DOCKER_HOST={host.docker}") if host.docker else ()
        host.start(name, *docker, *host.python, "-m", "knarr.cluster", name, *words)

    def _etcd(self, host: Host, *words: str) -> list[Json]:
        """What etcdctl says of a host's own member."""
        pki: Path = host.folder / "server" / "pki" / "etcd"
        flags = [f"--cacert={pki}/ca.crt", f"--cert={pki}/client.crt", f"--key={pki}/client.key"]
        flags += ["--endpoints=https://127.0.0.1:2379", "--write-out=json"]
        told = host.run("env", "ETCDCTL_API=3", "etcdctl", *flags, *words, check=False)
        try:
            found: list[Json] = json.loads(told[told.index("[") :].splitlines()[0])
        except ValueError:
            raise AssertionError(f"{host.name}: {told}") from None
        return found

"""A cluster on the hosts of a lab, every part a process of its own as on real hosts.

control   apiserver, controller-manager, scheduler
nodes     kubelet with the host's Docker, proxy, dns
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from tests.multihost.api import Api, Json, eventually
from tests.multihost.host import Host
from tests.multihost.made import Lab
from tests.multihost.networks import Network

PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
DNS = "10.96.0.10"
BALANCERS = "10.97.0.0/24"
REST, GRPC = 6443, 6444
DNS_PORT = 10053

WORDS_MAX = 3000

TOKEN = "lab-administrator"

KUBE_DNS = f"""
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system, labels: {{k8s-app: kube-dns}}}}
spec:
  clusterIP: {DNS}
  ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
"""


@dataclass
class Cluster:
    """The parts of one cluster and where they run."""

    lab: Lab
    grace: str = "8s"
    """How long a silent node is waited for."""
    store: str = ""
    """SQLite on the control host unless said otherwise."""
    using: int | None = None
    """How many of the hosts are nodes; all unless said otherwise."""
    _authority: Authority | None = field(default=None, repr=False)

    @property
    def nodes(self) -> list[Host]:
        """The hosts that run pods."""
        return self.lab.nodes[: self.using]

    @property
    def control(self) -> Host:
        """The host that leads."""
        return self.lab.control

    @property
    def api(self) -> Api:
        """The API server, asked from the control host."""
        authority = self._local / "ca.crt"
        return Api(self.control.network, self.control.ip, REST, authority, TOKEN)

    def start(self) -> None:
        """Start every part and wait until all nodes are ready and carry Services."""
        self.lab.wires.lead(self.control, self.lab.nodes)
        self.start_control()
        eventually(lambda: self.api.get("/readyz"))
        self.api.apply(KUBE_DNS)
        for number in range(len(self.nodes)):
            self.start_node(number)
        self.wait_ready()

    def grow(self, count: int) -> None:
        """Have at least so many nodes."""
        if self.using is not None and self.using < count:
            before, self.using = self.using, count
            for number in range(before, count):
                self.start_node(number)
            self.wait_ready()

    def start_control(self) -> None:
        """Start what leads the cluster."""
        host, folder, local = self.control, self.control.folder, self._local
        self._authority = authority = Authority.at(local, SystemClock())
        authority.ensure(local / "apiserver", Wanted("apiserver", hosts=(host.ip,)))
        names = ("kube-apiserver-kubelet-client", ("kubeadm:cluster-admins",))
        authority.ensure(local / "client", Wanted(names[0], groups=names[1]))
        authority.ensure(local / "service-accounts", Wanted("service-accounts"))
        pki = self._give(host, "apiserver", "client", "service-accounts")
        host.write(folder / "tokens.csv", f"{TOKEN},admin,admin,system:masters\n".encode())
        self._python(
            host,
            "apiserver",
            store=self.store or f"sqlite://{folder / 'store.db'}",
            bind_address=host.ip,
            advertise_address=host.ip,
            secure_port=REST,
            grpc_port=GRPC,
            token_auth_file=folder / "tokens.csv",
            client_ca_file=pki / "ca.crt",
            tls_cert_file=pki / "apiserver.crt",
            tls_private_key_file=pki / "apiserver.key",
            service_account_signing_key_file=pki / "service-accounts.key",
            kubelet_client_certificate=pki / "client.crt",
            kubelet_client_key=pki / "client.key",
            kubelet_certificate_authority=pki / "ca.crt",
            service_cluster_ip_range=SERVICES,
        )
        self._python(
            host,
            "controller_manager",
            **self._to_server(host),
            secure_port=0,
            root_ca_file=pki / "ca.crt",
            load_balancer_pool=BALANCERS,
            node_monitor_grace_period=self.grace,
        )
        self._python(host, "scheduler", **self._to_server(host), secure_port=0)

    def start_node(self, number: int) -> None:
        """Start the parts of one node."""
        host = self.nodes[number]
        assert self._authority is not None, "the control plane comes first"
        wanted = Wanted(host.name, hosts=(host.name, host.ip))
        self._authority.ensure(self._local / host.name, wanted)
        pki = self._give(host, host.name)
        self._python(
            host,
            "kubelet",
            **self._to_server(host),
            hostname_override=host.name,
            node_ip=host.ip,
            root_dir=host.folder / "state",
            pod_cidr=host.pods,
            cluster_cidr=PODS,
            tls_cert_file=pki / f"{host.name}.crt",
            tls_private_key_file=pki / f"{host.name}.key",
            client_ca_file=pki / "ca.crt",
            runtime="docker",
            container_runtime_endpoint=host.docker,
            cluster_dns=DNS,
            node_lease_duration_seconds=4,
        )
        self._python(
            host,
            "proxy",
            **self._to_server(host),
            proxy_mode="nftables",
            hostname_override=host.name,
            cluster_cidr=PODS,
            local_endpoints=f"kube-system/kube-dns=127.0.0.1:{DNS_PORT}",
        )
        self._python(host, "dns", **self._to_server(host), bind_address="127.0.0.1", port=DNS_PORT)

    def revive(self) -> None:
        """Start what has ended, as a supervisor does: who can lead no longer ends by itself."""
        for name in ("apiserver", "controller_manager", "scheduler"):
            if not self.control.is_running(name):
                self.control.crash(name)

    def wait_ready(self, timeout_s: float = 40.0) -> None:
        """Wait until all nodes are ready, and their proxies and name servers."""

        def look() -> None:
            for node in self.api.get("/api/v1/nodes")["items"]:
                conditions = node["status"].get("conditions", ())
                states = {one["type"]: one["status"] for one in conditions}
                assert states.get("Ready") == "True", node["metadata"]["name"]
            assert len(self.api.get("/api/v1/nodes")["items"]) == len(self.nodes)
            for host in self.nodes:
                host.connect("10.96.0.1", 443).close()
                host.connect(DNS, 53).close()

        eventually(look, timeout_s)

    def words(self) -> str:
        """The last words of every part, for whoever looks into a failure."""
        show = f'for f in log-*; do echo; echo "== $0 $f"; tail -c {WORDS_MAX} "$f"; done'
        told = []
        for host in self.lab.hosts:
            words = ("sh", "-c", f"cd '{host.folder}' && {show}", host.name)
            with suppress(OSError, AssertionError):  # It may be off.
                told.append(host.run(*words, check=False))
        return "".join(told)

    def host(self, name: str) -> Host:
        """A node's host."""
        return next(one for one in self.nodes if one.name == name)

    def sandbox(self, pod: Json) -> Network:
        """A pod's network, for sockets that come from it."""
        return self.host(pod["spec"]["nodeName"]).network_of(self._container(pod, "POD"))

    def exec(self, pod: Json, *words: str, check: bool = True, timeout_s: float = 20.0) -> str:
        """Run a command in the first container of a pod, both streams."""
        host = self.host(pod["spec"]["nodeName"])
        container = self._container(pod, pod["spec"]["containers"][0]["name"])
        return host.run(
            *("docker", "-H", host.docker, "exec", container, *words),
            check=check,
            timeout_s=timeout_s,
        )

    def _container(self, pod: Json, name: str) -> str:
        host = self.host(pod["spec"]["nodeName"])
        labels = {"io.kubernetes.pod.uid": pod["metadata"]["uid"]}
        labels["io.kubernetes.container.name"] = name
        filters = json.dumps({"label": [f"{k}={v}" for k, v in labels.items()]})
        found = host.engine.ask("GET", f"/containers/json?filters={filters.replace(' ', '')}")
        assert found, f"{name} of {pod['metadata']['name']} does not run"
        return str(found[0]["Id"])

    @property
    def _local(self) -> Path:
        return self.lab.folder / "pki"

    def _give(self, host: Host, *names: str) -> Path:
        """Give a host what it needs of our keys; answer where they lie there."""
        pki = host.folder / "pki"
        for file in ("ca.crt", *(f"{name}.{end}" for name in names for end in ("crt", "key"))):
            host.write(pki / file, (self._local / file).read_bytes())
        host.write(pki / "token", TOKEN.encode())
        return pki

    def _to_server(self, host: Host) -> dict[str, object]:
        return {
            "server": f"{self.control.ip}:{GRPC}",
            "certificate_authority": host.folder / "pki" / "ca.crt",
            "token_file": host.folder / "pki" / "token",
        }

    def _python(self, host: Host, module: str, **flags: object) -> None:
        words = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
        host.start(module, *host.python, "-m", module, *words)

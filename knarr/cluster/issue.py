"""Issues all certificates and tokens of a cluster whose parts run on several hosts.

    python -m knarr.cluster.issue --folder=/issued --servers=apiserver1,apiserver2 \
        --etcd=etcd1,etcd2,etcd3 --nodes=node1,node2 --kubeconfig=/out/kubeconfig …

Each part gets a folder with what it needs and no more, to be brought to its
host: a node never sees the key of the authority. What is there and still good
stays as it is. etcd has an authority of its own, for whoever it believes may
read and write everything.
"""

import csv
import os
import secrets
from argparse import Namespace
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from msgspec import Struct

from knarr.cluster.kubeconfig import add_context
from knarr.daemon.certificates import Authority, Pair, Wanted, write_whole
from knarr.daemon.clock import Clock, SystemClock
from knarr.daemon.logs import set_up_logs
from knarr.daemon.settings import Flags

API_SERVER = "kube-apiserver-kubelet-client"
"""The common name by which API servers show themselves to kubelets, as kubeadm has it."""

SERVER_NAMES = (
    *("localhost", "127.0.0.1"),
    *("kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    "kubernetes.default.svc.cluster.local",
)
"""Under these every API server is reached, besides its own names."""


class Identity(Struct, frozen=True):
    """Whom a token stands for."""

    part: str
    """The folder that gets the token."""
    user: str
    groups: tuple[str, ...] = ()


def identities(nodes: Sequence[str]) -> Sequence[Identity]:
    """Who may speak with the API servers, by the names Kubernetes' own roles are bound to."""
    return (
        Identity("admin", "kubernetes-admin", ("system:masters",)),
        # Its controllers act for themselves; Kubernetes would give each an account of its own.
        Identity("controller-manager", "system:kube-controller-manager", ("system:masters",)),
        Identity("scheduler", "system:kube-scheduler"),
        Identity("dns", "system:dns"),
        *(Identity(node, f"system:node:{node}", ("system:nodes",)) for node in nodes),
        *(Identity(f"{node}/proxy", "system:kube-proxy") for node in nodes),
    )


class Issuer(Struct, frozen=True):
    """Writes the folders of one cluster."""

    folder: Path
    authority: Authority
    etcd_authority: Authority

    @classmethod
    def at(cls, folder: Path, clock: Clock) -> "Issuer":
        """The issuer of a folder; the authorities are made if there are none."""
        own = folder / "authority"
        return cls(folder, Authority.at(own, clock), Authority.at(own / "etcd", clock))

    def etcd(self, hosts: Sequence[str]) -> None:
        """What the members of etcd show one another and their clients."""
        place = self.folder / "etcd"
        self.etcd_authority.ensure(place / "member", Wanted("etcd", hosts=tuple(hosts)))
        self._give(place / "ca.crt", self.etcd_authority)

    def servers(self, hosts: Sequence[str]) -> None:
        """What API servers show clients, kubelets and etcd, and the key of their tokens."""
        place = self.folder / "apiserver"
        self.authority.ensure(
            place / "server", Wanted("knarr-apiserver", hosts=(*SERVER_NAMES, *hosts))
        )
        self.authority.ensure(
            place / "kubelet-client", Wanted(API_SERVER, groups=("kubeadm:cluster-admins",))
        )
        self.authority.ensure(place / "service-accounts", Wanted("service-accounts"))
        self.etcd_authority.ensure(place / "etcd", Wanted("knarr-apiserver"))
        self._give(place / "etcd-ca.crt", self.etcd_authority)
        self._give(place / "ca.crt", self.authority)

    def kubelet(self, node: str, hosts: Sequence[str]) -> Pair:
        """What a kubelet shows API servers."""
        return self.authority.ensure(
            self.folder / node / "kubelet", Wanted(f"system:node:{node}", hosts=tuple(hosts))
        )

    def tokens(self, wanted: Sequence[Identity]) -> Mapping[str, str]:
        """Give each part its token, API servers all of them; answer them by part."""
        kept = self._kept()
        lines, found = StringIO(), {}
        rows = csv.writer(lines, lineterminator="\n")
        for one in wanted:
            token = kept.get(one.part) or secrets.token_urlsafe(32)
            found[one.part] = token
            rows.writerow((token, one.user, one.user, ",".join(one.groups)))
            place = self.folder / one.part
            self._give(place / "ca.crt", self.authority)
            write_whole(place / "token", token.encode(), mode=0o600)
        for part in ("authority", "apiserver"):
            write_whole(self.folder / part / "tokens.csv", lines.getvalue().encode(), mode=0o600)
        return found

    def _kept(self) -> Mapping[str, str]:
        """The tokens of an earlier run: parts that run already go on with them."""
        kept = {}
        for path in self.folder.glob("**/token"):
            kept[str(path.parent.relative_to(self.folder))] = path.read_text().strip()
        return kept

    def _give(self, place: Path, authority: Authority) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, authority.pem)


def flags() -> Flags:
    """The flags of this program."""
    found = Flags("knarr.cluster.issue", "Issue the certificates and tokens of a cluster.")
    found.flag("folder", default="/issued", help="where each part gets a folder")
    found.flag("etcd", default=(), help="names and addresses of etcd's members")
    found.flag("servers", default=(), help="names and addresses of the API servers")
    found.flag("nodes", default=(), help="nodes: NAME or NAME=ADDRESS")
    found.flag("kubeconfig", default="", help="file that gets a context for the administrator")
    found.flag("name", default="knarr", help="name of the cluster in that file")
    found.flag("server", default="https://127.0.0.1:6443", help="REST address in that file")
    found.flag("grpc", default="127.0.0.1:6444", help="gRPC addresses in that file")
    return found


def issue(found: Namespace, clock: Clock) -> None:
    """Write everything. Raise SettingsError."""
    issuer = Issuer.at(Path(found.folder), clock)
    issuer.etcd(("localhost", "127.0.0.1", *found.etcd))
    issuer.servers(found.servers)
    nodes = {name: address for name, _, address in (one.partition("=") for one in found.nodes)}
    for name, address in nodes.items():
        issuer.kubelet(name, tuple(filter(None, (name, address))))
    tokens = issuer.tokens(identities(tuple(nodes)))
    if found.kubeconfig:
        path = Path(found.kubeconfig)
        add_context(
            path,
            found.name,
            server=found.server,
            grpc=found.grpc,
            ca=issuer.authority.pem,
            token=tokens["admin"],
        )
        _give_to_owner_of_folder(path)


def _give_to_owner_of_folder(path: Path) -> None:
    """In a container we are root, and the folder is that of whoever will use the file."""
    folder = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, folder.st_uid, folder.st_gid)


def main() -> None:
    """Read the flags and issue."""
    set_up_logs(level="info", log_format="text")
    issue(flags().read(), SystemClock())


if __name__ == "__main__":
    main()

"""The controllers that let hosts in, against the real API server."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from msgspec.structs import replace

from apiserver.registry.request import User
from apiserver.server import Options, Server, serve
from controller_manager.certificate_requests import with_condition
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.core.bootstrap_token import NAMESPACE, PREFIX, SECRET_TYPE, BootstrapToken
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node, NodeSpec
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ForbiddenError, NotFoundError, UnauthorizedError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.rules import AggregationRule, PolicyRule, RoleRef, Subject
from knarr.client.client import Client
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.certificates import Authority, ensure_key
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.detached import is_signed
from knarr.daemon.jwt import Signer, read_private_key
from tests.csr import CLIENT, SERVING, SERVING_USAGES, csr, request_pem

T = TypeVar("T")
RBAC = "rbac.authorization.k8s.io"
TOKEN = BootstrapToken(id="abcdef", secret="0123456789abcdef", usages=("authentication", "signing"))


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[tuple[Server, Client, Authority]]:
    """An API server with the controllers of this test."""
    clock = SystemClock()
    authority = Authority.at(folder, clock)
    key = ensure_key(folder / "accounts.key")
    options = Options(secure_port=0, grpc_port=-1, service_account_signing_key_file=str(key))
    settings = ControllerSettings(
        controllers=(
            "bootstrap-signer", "certificatesigningrequest-approving", "node-ipam",
            "certificatesigningrequest-signing", "clusterrole-aggregation",
            "serviceaccount-token", "token-cleaner", "serviceaccount",
            "root-ca-certificate-publisher",
        ),
        root_ca="the CA",
        authority=authority,
        signer=Signer(read_private_key(key.read_bytes())),
        cluster_cidr=("10.244.0.0/16", "fd00:244::/56"),
    )  # fmt: skip
    async with serve(options) as server, asyncio.TaskGroup() as group:
        client = InProcessClient(server.registry)
        running = group.create_task(run_controllers(client, clock, seeded(), settings))
        yield server, client, authority
        running.cancel()


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """What is answered as soon as anything is."""
    async with asyncio.timeout(60):
        while True:
            answer = await ask()
            if answer is not None:
                return answer
            await asyncio.sleep(0.02)


def user(client: Server, name: str, *groups: str) -> Client:
    return InProcessClient(client.registry, user=User(name, groups=groups))


async def certificate(client: Client, name: str) -> x509.Certificate:
    async def issued() -> str | None:
        found = await client.get(CertificateSigningRequest, Key("", name))
        return found.status.certificate or None

    return x509.load_pem_x509_certificate(base64.b64decode(await until(issued)))


def binding(role: str, group: str) -> ClusterRoleBinding:
    return ClusterRoleBinding(
        metadata=ObjectMeta(name=f"test-{role}"),
        role_ref=RoleRef(api_group=RBAC, kind="ClusterRole", name=role),
        subjects=(Subject(kind="Group", name=group, api_group=RBAC),),
    )


def asked(found: CertificateSigningRequest) -> CertificateSigningRequest:
    """As a client sends it."""
    metadata = replace(found.metadata, creation_timestamp=None)
    return replace(found, metadata=metadata)


async def test_a_host_gets_its_certificate_where_roles_allow_it(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client, authority):
        joiner = user(server, "system:bootstrap:abcdef", "system:bootstrappers")
        await user(server, "stranger").create(asked(csr(name="strange")))
        nodeclient = "system:certificates.k8s.io:certificatesigningrequests:nodeclient"
        await client.create(binding(nodeclient, "system:bootstrappers"))
        await asyncio.sleep(0.1)  # The role is followed by a watch.
        await joiner.create(asked(csr(name="allowed", expiration_s=3600)))
        issued = await certificate(client, "allowed")
        issued.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
        assert (issued.not_valid_after_utc - SystemClock().now()).total_seconds() < 3700
        strange = await client.get(CertificateSigningRequest, Key("", "strange"))
        assert not strange.status.conditions, "no role allows a stranger that"


async def test_serving_certificates_wait_for_somebody_who_may_approve(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client, _):
        node = user(server, "system:node:n1", "system:nodes")
        made = await node.create(
            asked(
                csr(
                    name="serving",
                    signer=SERVING,
                    usages=SERVING_USAGES,
                    pem=request_pem(hosts=("n1",)),
                )
            )
        )
        approved = with_condition(made, "Approved", "Looked", "it is n1")
        nobody = user(server, "nobody", "system:authenticated")
        with pytest.raises(ForbiddenError, match="user not permitted to approve requests with"):
            await nobody.update(approved, subresource="approval")
        await client.update(approved, subresource="approval")
        issued = await certificate(client, "serving")
        assert "n1" in str(issued.subject)


@pytest.mark.conformance(
    "[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace"
)
async def test_every_namespace_has_the_root_certificate(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (_, client, _authority):
        await client.create(Namespace(metadata=ObjectMeta(name="fresh")))
        key = Key("fresh", "kube-root-ca.crt")

        async def is_right() -> str | None:
            with suppress(NotFoundError):
                found = await client.get(ConfigMap, key)
                return found.metadata.uid if found.data == {"ca.crt": "the CA"} else None
            return None

        first = await until(is_right)
        await client.delete(ConfigMap, key)
        assert await until(is_right) != first, "it is made again"
        await client.patch(ConfigMap, key, {"data": {"ca.crt": "", "more": "x"}})
        assert await until(is_right), "it is put right"


async def test_nobody_becomes_master_by_a_certificate(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (_, client, _authority):
        masters = csr(
            pem=request_pem("eve", groups=("system:masters",)),
            signer=CLIENT,
            usages=("client auth",),
        )
        with pytest.raises(ForbiddenError, match="system:masters group is not allowed"):
            await client.create(asked(masters))


async def test_cluster_info_is_signed_and_tokens_go(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (_, client, _authority):
        await client.create(
            ConfigMap(
                metadata=ObjectMeta(name="cluster-info", namespace="kube-public"),
                data={"kubeconfig": "where"},
            )
        )
        secret = Secret(
            metadata=ObjectMeta(name=PREFIX + TOKEN.id, namespace=NAMESPACE),
            type=SECRET_TYPE,
            string_data=TOKEN.as_data(),
        )
        await client.create(secret)
        key = Key("kube-public", "cluster-info")

        async def signed() -> str | None:
            return (await client.get(ConfigMap, key)).data.get("jws-kubeconfig-abcdef")

        found = await until(signed)
        assert is_signed("where", found, TOKEN.id, TOKEN.secret)
        over = base64.b64encode(b"2020-01-01T00:00:00Z").decode()
        at = Key(NAMESPACE, secret.metadata.name)
        await client.patch(Secret, at, {"data": {"expiration": over}})

        async def gone() -> bool | None:
            try:
                await client.get(Secret, at)
            except NotFoundError:
                return "jws-kubeconfig-abcdef" not in (await client.get(ConfigMap, key)).data
            return None

        assert await until(gone)


async def test_a_secret_gets_a_token_that_lives_as_long_as_it(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client, _):
        account = ServiceAccount(metadata=ObjectMeta(name="robot", namespace="default"))
        await client.create(account)
        annotations = {"kubernetes.io/service-account.name": "robot"}
        secret = Secret(
            metadata=ObjectMeta(name="robot-token", namespace="default", annotations=annotations),
            type="kubernetes.io/service-account-token",
        )
        await client.create(secret)
        key = Key("default", "robot-token")

        async def filled() -> str | None:
            return (await client.get(Secret, key)).data.get("token")

        token = base64.b64decode(await until(filled)).decode()
        who = await server.gate.authentication.bearer(token)
        assert who.name == "system:serviceaccount:default:robot"
        await client.delete(ServiceAccount, Key("default", "robot"))

        async def gone() -> bool | None:
            try:
                await client.get(Secret, key)
            except NotFoundError:
                return True
            return None

        assert await until(gone), "the Secret goes with its account"
        with pytest.raises(UnauthorizedError):
            await server.gate.authentication.bearer(token)


async def test_every_node_has_ranges_of_its_own(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (_, client, _authority):
        taken = ("10.244.0.0/24", "fd00:244::/64")
        await client.create(
            Node(metadata=ObjectMeta(name="n0"), spec=NodeSpec(pod_cidr=taken[0], pod_cidrs=taken))
        )
        for number in range(1, 6):
            await client.create(Node(metadata=ObjectMeta(name=f"n{number}")))

        async def all_have() -> list[tuple[str, ...]] | None:
            nodes = (await client.list(Node)).items
            found = [node.spec.pod_cidrs for node in nodes]
            return found if all(found) else None

        found = await until(all_have)
        assert len(found) == 6
        for family in (0, 1):
            assert len({one[family] for one in found}) == 6, "nobody shares"


async def test_roles_gather_what_is_labelled_for_them(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (_, client, _authority):
        selector = LabelSelector(match_labels={"to": "all"})
        await client.create(
            ClusterRole(
                metadata=ObjectMeta(name="all"),
                aggregation_rule=AggregationRule(cluster_role_selectors=(selector,)),
            )
        )
        rule = PolicyRule(verbs=("get",), api_groups=("example.com",), resources=("widgets",))
        part = ClusterRole(metadata=ObjectMeta(name="part", labels={"to": "all"}), rules=(rule,))
        await client.create(part)

        async def gathered() -> bool | None:
            found = await client.get(ClusterRole, Key("", "all"))
            return True if found.rules == (rule,) else None

        assert await until(gathered)

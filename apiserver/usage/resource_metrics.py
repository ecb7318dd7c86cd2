"""The verbs of metrics.k8s.io, which is served once there is a kubelet to be asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from apiserver.nodes.connection import NodeConnections
from apiserver.registry import failures
from apiserver.registry.follow import follow
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Answer, Body, ListOptions, ListPage, Request
from apiserver.storage.entry import Entry
from apiserver.usage.rates import usage
from apiserver.usage.samples import Pair, Samples
from knarr.api import codec, selectors
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import AlreadyExistsError, BadRequestError
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.kinds import METRICS
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.metrics.node_metrics import NodeMetrics
from knarr.api.metrics.pod_metrics import ContainerMetrics, PodMetrics
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.rules import PolicyRule
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct
from knarr.api.times import to_time

GROUP = "metrics.k8s.io"

_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_READERS = ClusterRole(
    metadata=ObjectMeta(
        name="system:aggregated-metrics-reader",
        labels={f"{_AGGREGATE}{role}": "true" for role in ("view", "edit", "admin")},
    ),
    rules=(
        PolicyRule(
            api_groups=(GROUP,), resources=("pods", "nodes"), verbs=("get", "list", "watch")
        ),
    ),
)


class ResourceMetrics:
    """Answers for nodes and pods."""

    def __init__(
        self,
        registry: Registry,
        nodes: NodeConnections,
        tell: Callable[[], Awaitable[None]],
    ) -> None:
        """`tell` hears when the kinds are served."""
        self._registry = registry
        self._tell = tell
        self._served = False
        self._samples = Samples(nodes, registry.clock)
        for kind in METRICS:
            registry.read_with(GROUP, kind.plural, self)

    async def run(self) -> None:
        """Follow the nodes until cancelled."""
        await follow(self._registry, Node, replace=self._replace, change=self._change)

    async def _replace(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            await self._seen(node)

    async def _change(self, found: Sequence[tuple[Node, bool]]) -> None:
        for node, is_gone in found:
            if is_gone:
                self._samples.forget(node.metadata.name)
            elif not self._served:
                await self._seen(node)

    async def _seen(self, node: Node) -> None:
        endpoints = node.status.daemon_endpoints
        endpoint = endpoints.kubelet_endpoint if endpoints is not None else None
        if self._served or endpoint is None or not endpoint.daemon_port:
            return
        for kind in METRICS:
            self._registry.kinds.add(kind)
        self._served = True
        try:
            request = Request(user=SYSTEM, kind=kind_of(ClusterRole))
            await self._registry.create(request, Body(_READERS))
        except AlreadyExistsError:
            pass
        await self._tell()

    async def list(self, request: Request, options: ListOptions) -> ListPage:
        """What all nodes or pods use that selectors choose, by name."""
        self._check(request.kind)
        try:
            labels = selectors.parse(options.label_selector)
            fields = selectors.parse_fields(options.field_selector)
        except selectors.SelectorError as error:
            raise BadRequestError(str(error)) from None
        wanted = [
            one
            for one in self._registry.core.list(_measured(request.kind), request.namespace)
            if labels.matches(one.metadata.labels) and fields.matches(_fields(one.metadata))
        ]
        found = [_entry(one) for one in await self._metrics(request.kind, wanted)]
        found.sort(key=lambda entry: entry.key)
        return ListPage(found, 0)

    async def get(self, request: Request) -> Answer:
        """What one node or pod uses. Raise NotFoundError."""
        self._check(request.kind)
        one = self._registry.core.get(_measured(request.kind), request.namespace, request.name)
        found = await self._metrics(request.kind, [one] if one is not None else [])
        if not found:
            raise failures.not_found(request.kind, request.name)
        return Answer(kind=request.kind, entry=_entry(found[0]))

    def _check(self, kind: Kind) -> None:
        if self._registry.kinds.by_resource(GROUP, kind.version, kind.plural) is None:
            raise failures.not_served()

    async def _metrics(self, kind: Kind, wanted: Sequence[Any]) -> Sequence[Any]:
        if kind.plural == "nodes":
            pairs = await self._samples.of({node.metadata.name: node for node in wanted}, {})
            known = [(node, pairs.get(node.metadata.name)) for node in wanted]
            measured = [_of_node(node, pair) for node, pair in known if pair is not None]
            return [one for one in measured if one is not None]
        running: dict[str, set[str]] = {}
        for pod in wanted:
            if pod.status.phase == "Running":
                running.setdefault(pod.spec.node_name, set()).add(pod.metadata.uid)
        core = self._registry.core
        hosts = {name: host for name in running if (host := core.get(Node, "", name)) is not None}
        pairs = await self._samples.of(hosts, running)
        on = [(pod, pairs.get(pod.spec.node_name)) for pod in wanted]
        pods = [_of_pod(pod, pair) for pod, pair in on if pair is not None]
        return [one for one in pods if one is not None]


def _measured(kind: Kind) -> type[ApiStruct]:
    return Node if kind.plural == "nodes" else Pod


def _fields(meta: ObjectMeta) -> dict[str, str]:
    return {"metadata.name": meta.name, "metadata.namespace": meta.namespace}


def _entry(obj: NodeMetrics | PodMetrics) -> Entry:
    meta = obj.metadata
    return Entry(
        key=f"{meta.namespace}/{meta.name}",
        revision=0,
        json=codec.encode(obj),
        obj=obj,
        labels=dict(meta.labels),
        fields=_fields(meta),
    )


def _of_node(node: Node, pair: Pair) -> NodeMetrics | None:
    used = usage(pair.before.node, pair.after.node, pair.window_s)
    if used is None:
        return None
    at, window = _moment(pair)
    meta = _meta(node.metadata, at)
    return NodeMetrics(metadata=meta, timestamp=at, window=window, usage=used)


def _of_pod(pod: Pod, pair: Pair) -> PodMetrics | None:
    """None unless all containers were measured twice: half a pod's usage would mislead."""
    uid = pod.metadata.uid
    before, after = pair.before.pods.get(uid, {}), pair.after.pods.get(uid, {})
    containers = []
    for name, used in after.items():
        rate: Mapping[str, Quantity] | None = None
        if name in before:
            rate = usage(before[name], used, pair.window_s)
        if rate is None:
            return None
        containers.append(ContainerMetrics(name=name, usage=rate))
    if not containers:
        return None
    at, window = _moment(pair)
    return PodMetrics(
        metadata=_meta(pod.metadata, at), timestamp=at, window=window, containers=tuple(containers)
    )


def _meta(of: ObjectMeta, at: str) -> ObjectMeta:
    return ObjectMeta(name=of.name, namespace=of.namespace, labels=of.labels, creation_timestamp=at)


def _moment(pair: Pair) -> tuple[str, str]:
    at = to_time(datetime.fromtimestamp(pair.after.at, UTC))
    return at, f"{pair.window_s:.3f}".rstrip("0").rstrip(".") + "s"

"""What happens to a node that nobody hears, and what must hold all the while."""

from collections.abc import Callable
from datetime import datetime

from tests.multihost.api import Json, eventually
from tests.multihost.cluster import Cluster
from tests.multihost.host import Host
from tests.multihost.witness import Ledger, Once

UNREACHABLE = "node.kubernetes.io/unreachable"

WAIT_S = 90.0
"""For all that is waited for here; a loaded machine takes its time."""

SOON_S, LATER_S = 2, 6


def _tolerations(seconds: int) -> str:
    more = f"operator: Exists, effect: NoExecute, tolerationSeconds: {seconds}"
    # Both, or admission adds its own of five minutes.
    return ", ".join(
        f"{{key: node.kubernetes.io/{n}, {more}}}" for n in ("unreachable", "not-ready")
    )


def _spec(seconds: int, more: str = "") -> str:
    return f"""
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [{_tolerations(seconds)}]
      containers:
      - {{name: c, image: "busybox:1.36", command: [sleep, "100000"]}}{more}
"""


SPREAD = """
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: once}}}"""


def _near(node: str) -> str:
    wanted = f"{{key: kubernetes.io/hostname, operator: In, values: [{node}]}}"
    return f"""
      affinity:
        nodeAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {{weight: 100, preference: {{matchExpressions: [{wanted}]}}}}"""


def stateful_set(replicas: int, toleration_s: int = SOON_S) -> str:
    """One pod a node, each with its ordinal."""
    return f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: once}}
spec:
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: once}}}}
  template:
    metadata: {{labels: {{app: once}}}}{_spec(toleration_s, SPREAD)}"""


def mover(name: str, node: str, toleration_s: int) -> str:
    """A Deployment of one pod that would be on a node, but can be elsewhere."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}{_spec(toleration_s, _near(node))}"""


def a_lost_node(cluster: Cluster, lost: Host, lose: Callable[[], None]) -> None:
    """Its pods move in time and not before, those with an ordinal not at all, until it is back."""
    api, movers = cluster.api, {"soon": SOON_S, "later": LATER_S}
    count = len(cluster.nodes)
    api.apply(stateful_set(count))
    for name, seconds in movers.items():
        api.apply(mover(name, lost.name, seconds))
    with Once(cluster.nodes, "once-") as once, Ledger([api], "lost") as ledger:
        ordinals = api.ready_pods("app=once", count, WAIT_S)
        before = {name: api.ready_pods(f"app={name}", 1, WAIT_S)[0] for name in movers}
        assert {pod["spec"]["nodeName"] for pod in before.values()} == {lost.name}
        (alone,) = (pod for pod in ordinals if pod["spec"]["nodeName"] == lost.name)
        ledger.more()
        lose()
        since = eventually(lambda: _unreachable_since(cluster, lost), WAIT_S)
        for name, seconds in movers.items():
            eventually(lambda n=name, s=seconds: _moved(cluster, before[n], n, since, s), WAIT_S)  # type: ignore[misc]
        name = alone["metadata"]["name"]
        same = api.get(f"/api/v1/namespaces/default/pods/{name}")
        assert same["metadata"]["uid"] == alone["metadata"]["uid"], "nobody knows that it is dead"
        assert "deletionTimestamp" in same["metadata"]
        assert once.lives(name) == 1
        ledger.more()
        cluster.lab.wires.heal()
        cluster.wait_ready(WAIT_S)
        back = api.ready_pods("app=once", count, WAIT_S)
        assert alone["metadata"]["uid"] not in {pod["metadata"]["uid"] for pod in back}
        eventually(lambda: _gone(lost, (*before.values(), alone)), WAIT_S)
        ledger.more()
    once.check()
    ledger.check()


def clean(cluster: Cluster) -> None:
    """Remove what stories made, and see that nothing of it stays in the engines."""
    base = "/apis/apps/v1/namespaces/default"
    cluster.api.delete(f"{base}/statefulsets/once")
    for name in ("soon", "later"):
        cluster.api.delete(f"{base}/deployments/{name}")

    def look() -> None:
        for host in cluster.nodes:
            left = [
                one["Labels"].get("io.kubernetes.pod.name", "")
                for one in host.engine.ask("GET", "/containers/json?all=1")
            ]
            left = [name for name in left if name.startswith(("once-", "soon-", "later-"))]
            assert not left, f"{host.name} has {left}"

    eventually(look, WAIT_S)


def _unreachable_since(cluster: Cluster, host: Host) -> datetime:
    node = cluster.api.get(f"/api/v1/nodes/{host.name}")
    for taint in node["spec"].get("taints", ()):
        if (taint["key"], taint["effect"]) == (UNREACHABLE, "NoExecute"):
            return datetime.fromisoformat(taint["timeAdded"])
    raise AssertionError(f"{host.name} is not unreachable: {node['spec']}")


def _moved(cluster: Cluster, pod: Json, name: str, since: datetime, seconds: int) -> None:
    """The pod is given up after its time, which whole seconds tell, and another is there."""
    old = cluster.api.get(f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}")
    meta = old["metadata"]
    assert "deletionTimestamp" in meta, f"{meta['name']} is not given up"
    asked = datetime.fromisoformat(meta["deletionTimestamp"])
    waited_s = (asked - since).total_seconds() - meta["deletionGracePeriodSeconds"]
    assert waited_s >= seconds - 1, f"{meta['name']} tolerates {seconds} s, had {waited_s}"
    (new,) = cluster.api.ready_pods(f"app={name}", 1, 0)
    assert new["spec"]["nodeName"] != old["spec"]["nodeName"]


def _gone(host: Host, pods: tuple[Json, ...]) -> None:
    found = host.engine.ask("GET", "/containers/json?all=1")
    uids = {one["Labels"].get("io.kubernetes.pod.uid") for one in found}
    left = [pod["metadata"]["name"] for pod in pods if pod["metadata"]["uid"] in uids]
    assert not left, f"{host.name} still has {left}"

"""`expose`: a service for what makes pods."""

from typing import Any

from msgspec.structs import replace

from knarr.cli.command import Command
from knarr.cli.commands.create.making import SHARED_FLAGS, store
from knarr.cli.failures import CliError, no_objects, raise_all
from knarr.cli.flags import Arguments, pairs, text
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.overriding import OVERRIDE_FLAGS, overridden
from knarr.cli.selecting import Found, find
from knarr.cli.session import Session

Json = dict[str, Any]

_EXPOSABLE = {"Deployment", "ReplicaSet", "ReplicationController", "Service", "Pod", "StatefulSet"}


def run(session: Session, arguments: Arguments) -> int | None:
    """Make the service."""
    # Here --selector is the service's, and chooses nothing.
    chosen = replace(arguments, values={**arguments.values, "selector": ""})
    found = files_of(session, chosen)
    if arguments.words:
        more, errors = find(session, arguments.words, chosen, allow_lists=False)
        raise_all(errors)
        found += more
    if not found:
        raise no_objects()
    services = session.resources.find("services")
    for one in found:
        if one.kind.name not in _EXPOSABLE:
            raise CliError(f"cannot expose a {one.kind.name}")
        made = overridden(arguments, services, _service(arguments, one))
        store(session, arguments, made, operation="exposed")
    return None


def _service(arguments: Arguments, found: Found) -> Json:
    labels = found.object["metadata"].get("labels") or {}
    if arguments.text("labels"):
        labels = dict(pairs(arguments.text("labels").split(",")))
    spec: Json = {"selector": _selector(arguments, found), "ports": _ports(arguments, found)}
    for flag, key in (
        ("type", "type"),
        ("cluster-ip", "clusterIP"),
        ("external-ip", "externalIPs"),
        ("load-balancer-ip", "loadBalancerIP"),
        ("session-affinity", "sessionAffinity"),
    ):
        value = arguments.text(flag)
        if value:
            spec[key] = [value] if key == "externalIPs" else value
    metadata: Json = {"name": arguments.text("name") or found.name}
    if labels:
        metadata["labels"] = labels
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec,
        "status": {"loadBalancer": {}},
    }


def _selector(arguments: Arguments, found: Found) -> Json:
    if arguments.text("selector"):
        return dict(pairs(arguments.text("selector").split(",")))
    if found.kind.name == "Pod":
        labels = found.object["metadata"].get("labels") or {}
        if not labels:
            raise CliError(
                "couldn't retrieve selectors via --selector flag or introspection: the pod has no "
                "labels and cannot be exposed"
            )
        return dict(labels)
    selector = found.object["spec"].get("selector") or {}
    return dict(selector.get("matchLabels", selector))


def _ports(arguments: Arguments, found: Found) -> list[Json]:
    protocol, target = arguments.text("protocol") or "TCP", arguments.text("target-port")
    wanted = [int(one) for one in arguments.text("port").split(",") if one]
    if not wanted:
        wanted = _known_ports(found)
    if not wanted:
        raise CliError("couldn't find port via --port flag or introspection")
    goal: Any = int(target) if target.isdigit() else target
    ports: list[Json] = []
    for place, port in enumerate(wanted):
        one: Json = {"port": port, "protocol": protocol, "targetPort": goal or port}
        if len(wanted) > 1:
            one["name"] = f"port-{place + 1}"
        ports.append(one)
    return ports


def _known_ports(found: Found) -> list[int]:
    spec = found.object["spec"]
    if found.kind.name == "Service":
        return [one["port"] for one in spec.get("ports") or []]
    if found.kind.name != "Pod":
        spec = (spec.get("template") or {}).get("spec") or {}
    return [
        port["containerPort"]
        for container in spec.get("containers") or []
        for port in container.get("ports") or []
    ]


COMMAND = Command(
    about="Make a service for a pod, deployment, replica set or another service.",
    usage="expose (-f FILENAME | TYPE NAME) [--port=port] [--target-port=number-or-name] [flags]",
    examples="""
# Make a service for a deployment
knarr expose deployment web --port=80 --target-port=8080 --name=front
""",
    flags=(
        *SHARED_FLAGS,
        *file_flags("identifying the resource to expose a service"),
        text("port", help="The port that the service should serve on"),
        text("target-port", help="Name or number for the port on the container"),
        text("name", help="The name for the newly created object"),
        text("type", help="ClusterIP, NodePort, LoadBalancer, or ExternalName"),
        text("protocol", help="The network protocol for the service; TCP by default"),
        text("selector", help="A label selector to use for this service"),
        text("labels", "l", help="Labels to apply to the service created by this call"),
        text("cluster-ip", help="ClusterIP to be assigned to the service, or None"),
        text("external-ip", help="Additional external IP address"),
        text("load-balancer-ip", help="IP to assign to the LoadBalancer"),
        text("session-affinity", help="None or ClientIP"),
        *OVERRIDE_FLAGS,
    ),
    run=run,
    manager="kubectl-expose",
)

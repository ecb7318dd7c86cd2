"""Generators of what leads to pods: services and ingresses."""

from typing import Any

from knarr.api import names
from knarr.cli.command import Command
from knarr.cli.commands.create.making import generator
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, number, pairs, text, words
from knarr.cli.generators import ingress, service
from knarr.cli.session import Session

Json = dict[str, Any]

_TCP = words("tcp", help="Port pairs can be specified as '<port>:<targetPort>'")


def _cluster_ip(session: Session, arguments: Arguments, name: str) -> Json:
    if arguments.text("clusterip") != "None":
        _need_ports(arguments)
    return service(name, "ClusterIP", arguments.list("tcp"), cluster_ip=arguments.text("clusterip"))


def _need_ports(arguments: Arguments) -> None:
    if not arguments.list("tcp"):
        raise CliError("at least one tcp port specifier must be provided")


def _node_port(session: Session, arguments: Arguments, name: str) -> Json:
    _need_ports(arguments)
    return service(name, "NodePort", arguments.list("tcp"), node_port=arguments.number("node-port"))


def _load_balancer(session: Session, arguments: Arguments, name: str) -> Json:
    _need_ports(arguments)
    return service(name, "LoadBalancer", arguments.list("tcp"))


def _external_name(session: Session, arguments: Arguments, name: str) -> Json:
    external = arguments.text("external-name")
    if names.dns_subdomain(external):
        raise CliError(f"invalid service external name {external}")
    made = service(name, "ExternalName", arguments.list("tcp"))
    made["spec"]["externalName"] = external
    return made


def _ingress(session: Session, arguments: Arguments, name: str) -> Json:
    if not arguments.list("rule") and not arguments.text("default-backend"):
        raise CliError(
            "not enough information provided: every ingress has to either specify a "
            "default-backend (which catches all traffic) or a list of rules (which catch "
            "specific paths)"
        )
    return ingress(
        name,
        arguments.list("rule"),
        class_name=arguments.text("class"),
        default_backend=arguments.text("default-backend"),
        annotations=dict(pairs(arguments.list("annotation"))),
    )


SERVICES: dict[str, Command] = {
    "clusterip": generator(
        _cluster_ip,
        about="Create a service with an address inside the cluster.",
        usage="service clusterip NAME [--tcp=<port>:<targetPort>]",
        examples="""
# Create a service on port 80 that leads to port 8080
knarr create service clusterip inner --tcp=80:8080 --dry-run=server

# Create a headless one
knarr create service clusterip headless --clusterip=None --dry-run=server
""",
        flags=(_TCP, text("clusterip", help="Your own address, or None for a headless service")),
        failure="ClusterIP service",
    ),
    "nodeport": generator(
        _node_port,
        about="Create a service that answers on a port of every node.",
        usage="service nodeport NAME [--tcp=port:targetPort]",
        examples="""
# Create a service on a port of every node
knarr create service nodeport outer --tcp=80:8080 --dry-run=server
""",
        flags=(_TCP, number("node-port", help="Port used to expose the service on each node")),
        failure="NodePort service",
    ),
    "loadbalancer": generator(
        _load_balancer,
        about="Create a service with an address outside the cluster.",
        usage="service loadbalancer NAME [--tcp=port:targetPort]",
        examples="""
# Create a service with an address outside
knarr create service loadbalancer outside --tcp=80:8080 --dry-run=server
""",
        flags=(_TCP,),
        failure="LoadBalancer service",
    ),
    "externalname": generator(
        _external_name,
        about="Create a service that is another name for a host.",
        usage="service externalname NAME --external-name external.name",
        examples="""
# Create another name for a host
knarr create service externalname db --external-name db.example.com --dry-run=server
""",
        flags=(_TCP, text("external-name", help="External name of service")),
        required=("external-name",),
        failure="ExternalName service",
    ),
}
INGRESS = generator(
    _ingress,
    about="Create an ingress: hosts and paths, and the services they lead to.",
    usage="ingress NAME --rule=host/path=service:port[,tls[=secret]]",
    examples="""
# Lead all of a host to a service
knarr create ingress front --rule='example.com/*=web:80' --dry-run=server
""",
    flags=(
        array("rule", help="Rule in format host/path=service:port[,tls=secretname]"),
        text("class", help="Ingress Class to be used"),
        text("default-backend", help="Default service for backend, in format of svcname:port"),
        array("annotation", help="Annotation to insert in the ingress object, key=value"),
    ),
    failure="ingress",
)

"""Descriptions of what leads to pods."""

from collections.abc import Sequence
from typing import Any

from knarr.cli.describing.sheet import NONE, UNSET, About, Sheet, events, head, local_time, words
from knarr.cli.selectors_of import selector_text
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]

ENDPOINTS_SHOWN = 3


def slices_of(about: About, namespace: str, name: str) -> list[Json]:
    """The endpoint slices of a service."""
    kind = about.session.resources.find("endpointslices")
    selection = Selection(labels=f"kubernetes.io/service-name={name}")
    return about.session.client.list(kind, namespace, selection).objects


def endpoints_text(slices: list[Json], port_name: str) -> str:
    """The addresses behind a port of a service."""
    if not slices:
        return NONE
    found = []
    for one in slices:
        for port in one.get("ports") or []:
            if (port.get("name") or "") != port_name:
                continue
            for endpoint in one.get("endpoints") or []:
                if (endpoint.get("conditions") or {}).get("ready", True):
                    found += [f"{address}:{port['port']}" for address in endpoint["addresses"]]
    shown = ",".join(found[:ENDPOINTS_SHOWN])
    more = len(found) - ENDPOINTS_SHOWN
    return shown + (f" + {more} more..." if more > 0 else "")


def service(sheet: Sheet, obj: Json, about: About) -> None:
    """A service."""
    meta, spec = obj["metadata"], obj["spec"]
    head(sheet, obj)
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    sheet.field("Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy"):
        sheet.field("IP Family Policy", spec["ipFamilyPolicy"])
    sheet.field("IP Families", words(spec.get("ipFamilies")))
    sheet.field("IP", spec.get("clusterIP", ""))
    sheet.field("IPs", words(spec.get("clusterIPs")))
    _given(sheet, spec, _BEFORE_PORTS)
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if ingress:
        sheet.field("LoadBalancer Ingress", ", ".join(map(_ingress_point, ingress)))
    slices = slices_of(about, meta["namespace"], meta["name"])
    for port in spec.get("ports") or []:
        _port(sheet, port, slices)
    sheet.field("Session Affinity", spec.get("sessionAffinity", ""))
    _given(sheet, spec, _AFTER_PORTS)
    events(sheet, about)


_BEFORE_PORTS = (
    ("External IPs", "externalIPs"),
    ("Desired LoadBalancer IP", "loadBalancerIP"),
    ("External Name", "externalName"),
)
_AFTER_PORTS = (
    ("External Traffic Policy", "externalTrafficPolicy"),
    ("Internal Traffic Policy", "internalTrafficPolicy"),
    ("Traffic Distribution", "trafficDistribution"),
    ("HealthCheck NodePort", "healthCheckNodePort"),
    ("LoadBalancer Source Ranges", "loadBalancerSourceRanges"),
)


def _given(sheet: Sheet, spec: Json, fields: Sequence[tuple[str, str]]) -> None:
    for title, key in fields:
        if spec.get(key):
            value = spec[key]
            sheet.field(title, ",".join(value) if isinstance(value, list) else value)


def _ingress_point(one: Json) -> str:
    address = one.get("ip") or one.get("hostname", "")
    return f"{address} ({one['ipMode']})" if one.get("ipMode") else str(address)


def _port(sheet: Sheet, port: Json, slices: list[Json]) -> None:
    protocol = port.get("protocol", "TCP")
    name = port.get("name") or UNSET
    sheet.line(f"Port:\t{name}\t{port['port']}/{protocol}")
    sheet.field("TargetPort", f"{port.get('targetPort')}/{protocol}")
    if port.get("nodePort"):
        sheet.line(f"NodePort:\t{name}\t{port['nodePort']}/{protocol}")
    sheet.field("Endpoints", endpoints_text(slices, port.get("name") or ""))


def endpoints(sheet: Sheet, obj: Json, about: About) -> None:
    """Endpoints of the old kind."""
    head(sheet, obj)
    sheet.line("Subsets:")
    for subset in obj.get("subsets") or []:
        for title, key in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            sheet.field(title, words([one["ip"] for one in subset.get(key) or []]), 1)
        sheet.line("Ports:", 1)
        rows = [
            (one.get("name") or UNSET, one["port"], one.get("protocol", "TCP"))
            for one in subset.get("ports") or []
        ]
        sheet.table(("Name", "Port", "Protocol"), rows, 2)
        sheet.line("")
    events(sheet, about)


def endpoint_slice(sheet: Sheet, obj: Json, about: About) -> None:
    """An endpoint slice."""
    head(sheet, obj)
    sheet.field("AddressType", obj.get("addressType", ""))
    if obj.get("ports"):
        sheet.line("Ports:")
        rows = [
            (one.get("name") or UNSET, one.get("port", UNSET), one.get("protocol", "TCP"))
            for one in obj["ports"]
        ]
        sheet.table(("Name", "Port", "Protocol"), rows, 1)
    else:
        sheet.line(f"Ports: {UNSET}")
    if not obj.get("endpoints"):
        sheet.line(f"Endpoints: {NONE}")
    else:
        sheet.line("Endpoints:")
        for one in obj["endpoints"]:
            _endpoint(sheet, one)
    events(sheet, about)


def _endpoint(sheet: Sheet, one: Json) -> None:
    sheet.field("- Addresses", ", ".join(one.get("addresses") or []), 1)
    sheet.line("Conditions:", 2)
    ready = (one.get("conditions") or {}).get("ready")
    sheet.field("Ready", UNSET if ready is None else str(ready).lower(), 3)
    sheet.field("Hostname", one.get("hostname") or UNSET, 2)
    reference = one.get("targetRef")
    if reference:
        sheet.field("TargetRef", f"{reference.get('kind')}/{reference.get('name')}", 2)
    sheet.field("NodeName", one.get("nodeName") or UNSET, 2)
    sheet.field("Zone", one.get("zone") or UNSET, 2)


def ingress(sheet: Sheet, obj: Json, about: About) -> None:
    """An ingress."""
    meta, spec = obj["metadata"], obj["spec"]
    sheet.field("Name", meta["name"])
    sheet.map("Labels", meta.get("labels"))
    sheet.field("Namespace", meta["namespace"])
    listed = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    sheet.field("Address", ",".join(one.get("ip") or one.get("hostname", "") for one in listed))
    sheet.field("Ingress Class", spec.get("ingressClassName") or NONE)
    default = spec.get("defaultBackend")
    sheet.field("Default backend", _backend(default, meta, about) if default else "<default>")
    if spec.get("tls"):
        sheet.line("TLS:")
        for one in spec["tls"]:
            hosts, secret = ",".join(one.get("hosts") or []), one.get("secretName", "")
            sheet.line(f"{secret} terminates {hosts}" if secret else f"SNI routes {hosts}", 1)
    sheet.line("Rules:")
    sheet.line("Host\tPath\tBackends", 1)
    sheet.line("----\t----\t--------", 1)
    for rule in spec.get("rules") or []:
        sheet.line(f"{rule.get('host') or '*'}\t", 1)
        for path in (rule.get("http") or {}).get("paths") or []:
            sheet.line(f"\t{path.get('path', '')} \t{_backend(path['backend'], meta, about)}", 1)
    if not spec.get("rules"):
        sheet.line(f"*\t*\t{_backend(default, meta, about) if default else '<default>'}", 1)
    sheet.annotations(meta.get("annotations"))
    events(sheet, about)


def _backend(backend: Json, meta: Json, about: About) -> str:
    found = backend.get("service")
    if not found:
        resource = backend.get("resource") or {}
        group, kind, name = (resource.get(key, "") for key in ("apiGroup", "kind", "name"))
        return f"APIGroup: {group}, Kind: {kind}, Name: {name}"
    port = found.get("port") or {}
    text = f"{found['name']}:{port.get('number') or port.get('name')}"
    try:
        services = about.session.resources.find("services")
        target = about.session.client.get(services, meta["namespace"], found["name"])
    except StatusError as error:
        return f"{text} (<error: {error.message}>)"
    name = next(
        (
            one.get("name") or ""
            for one in target["spec"].get("ports") or []
            if port.get("number") == one["port"] or port.get("name") == one.get("name")
        ),
        "",
    )
    slices = slices_of(about, meta["namespace"], found["name"])
    addresses = endpoints_text(slices, name)
    return f"{text} ({'' if addresses == NONE else addresses})"


def network_policy(sheet: Sheet, obj: Json, about: About) -> None:
    """A network policy."""
    meta, spec = obj["metadata"], obj["spec"]
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    from knarr.api import times  # noqa: PLC0415

    made = times.parse(meta["creationTimestamp"])
    sheet.field("Created on", made.astimezone().strftime("%Y-%m-%d %H:%M:%S %z %Z"))
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    sheet.line("Spec:")
    selector = selector_text(spec.get("podSelector"))
    none = "<none> (Allowing the specific traffic to all pods in this namespace)"
    sheet.line(f"PodSelector:     {selector or none}", 1)
    types = spec.get("policyTypes") or ["Ingress"]
    for title, key, ends in (("ingress", "ingress", "from"), ("egress", "egress", "to")):
        if title.capitalize() in types:
            sheet.line(f"Allowing {title} traffic:", 1)
            _policy_rules(sheet, spec.get(key) or [], ends)
        else:
            sheet.line(f"Not affecting {title} traffic", 1)
    sheet.line(f"Policy Types: {', '.join(types)}", 1)


def _policy_rules(sheet: Sheet, rules: list[Json], ends: str) -> None:
    if not rules:
        sheet.line(
            "<none> (Selected pods are isolated for "
            f"{'ingress' if ends == 'from' else 'egress'} connectivity)",
            2,
        )
    for place, rule in enumerate(rules):
        if place:
            sheet.line("----------", 2)
        for port in rule.get("ports") or []:
            first, last = port.get("port", "<any>"), port.get("endPort")
            what = f"To Port Range: {first}-{last}" if last is not None else f"To Port: {first}"
            sheet.line(f"{what}/{port.get('protocol', 'TCP')}", 2)
        if not rule.get("ports"):
            sheet.line("To Port: <any> (traffic allowed to all ports)", 2)
        if not rule.get(ends):
            sheet.line(f"{ends.capitalize()}: <any> (traffic not restricted by {_end(ends)})", 2)
        for peer in rule.get(ends) or []:
            sheet.line(f"{ends.capitalize()}:", 2)
            _peer(sheet, peer)


def _end(ends: str) -> str:
    return "source" if ends == "from" else "destination"


def _peer(sheet: Sheet, peer: Json) -> None:
    for key, title in (("namespaceSelector", "NamespaceSelector"), ("podSelector", "PodSelector")):
        if peer.get(key) is not None:
            sheet.line(f"{title}: {selector_text(peer[key]) or NONE}", 3)
    if peer.get("ipBlock"):
        sheet.line("IPBlock:", 3)
        sheet.line(f"CIDR: {peer['ipBlock']['cidr']}", 4)
        sheet.line(f"Except: {', '.join(peer['ipBlock'].get('except') or [])}", 4)


def ingress_class(sheet: Sheet, obj: Json, about: About) -> None:
    """An ingress class."""
    head(sheet, obj, namespaced=False)
    spec = obj.get("spec") or {}
    sheet.field("Controller", spec.get("controller", ""))
    parameters = spec.get("parameters")
    if parameters:
        sheet.line("Parameters:")
        if parameters.get("apiGroup"):
            sheet.field("APIGroup", parameters["apiGroup"], 1)
        sheet.field("Kind", parameters.get("kind", ""), 1)
        sheet.field("Name", parameters.get("name", ""), 1)
    events(sheet, about)


def created_line(sheet: Sheet, meta: Json) -> None:
    """When an object was made."""
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))

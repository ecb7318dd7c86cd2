"""Objects made from the flags of `create`, `run` and `expose`."""

from collections.abc import Sequence
from typing import Any

from knarr.cli.failures import CliError

Json = dict[str, Any]


def metadata(name: str, labels: Json | None = None) -> Json:
    """A name, and labels where there are any."""
    return {"name": name, **({"labels": labels} if labels else {})}


def image_name(image: str) -> str:
    """What the container of an image is called."""
    return image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]


def deployment(
    name: str, images: Sequence[str], *, replicas: int, port: int, command: Sequence[str]
) -> Json:
    """A Deployment with one container an image."""
    if command and len(images) > 1:
        raise CliError("cannot specify multiple --image options and command")
    labels = {"app": name}
    containers: list[Json] = []
    for image in images:
        container: Json = {"image": image, "name": image_name(image), "resources": {}}
        if port and not containers:
            container["ports"] = [{"containerPort": port}]
        if command:
            container["command"] = list(command)
        containers.append(container)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, labels),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    }


def job_spec(name: str, image: str, command: Sequence[str], restart: str) -> Json:
    """What a Job of one container is to do."""
    container: Json = {"image": image, "name": name, "resources": {}}
    if command:
        container["command"] = list(command)
    return {
        "template": {
            "metadata": {},
            "spec": {"containers": [container], "restartPolicy": restart},
        }
    }


def job(name: str, image: str, command: Sequence[str]) -> Json:
    """A Job of one container."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(name),
        "spec": job_spec(name, image, command, "Never"),
        "status": {},
    }


def job_from(name: str, cron_job: Json) -> Json:
    """A Job as a CronJob would make it, by hand."""
    template = cron_job["spec"]["jobTemplate"]
    meta = template.get("metadata") or {}
    annotations = {
        "cronjob.kubernetes.io/instantiate": "manual",
        **(meta.get("annotations") or {}),
    }
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron_job["metadata"]["name"],
        "uid": cron_job["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    made: Json = {"name": name, "annotations": annotations, "ownerReferences": [owner]}
    if meta.get("labels"):
        made["labels"] = meta["labels"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": made,
        "spec": template["spec"],
        "status": {},
    }


def service(
    name: str, kind: str, ports: Sequence[str], *, node_port: int = 0, cluster_ip: str = ""
) -> Json:
    """A Service of ports such as `80:8080`."""
    labels = {"app": name}
    spec: Json = {"selector": labels, "type": kind}
    if ports:
        spec["ports"] = [_service_port(text, node_port) for text in ports]
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, labels),
        "spec": spec,
        "status": {"loadBalancer": {}},
    }


def _service_port(text: str, node_port: int) -> Json:
    port_text, colon, target = text.partition(":")
    if not port_text.isdigit() or not 0 < int(port_text) < 65536:
        raise CliError(f'invalid port format "{text}": ports are PORT or PORT:TARGET')
    port = int(port_text)
    goal: int | str = port
    if colon:
        goal = int(target) if target.isdigit() else target
    name = text.replace(":", "-")
    found: Json = {"name": name, "port": port, "protocol": "TCP", "targetPort": goal}
    if node_port:
        found["nodePort"] = node_port
    return found


def ingress(
    name: str, rules: Sequence[str], *, class_name: str, default_backend: str, annotations: Json
) -> Json:
    """An Ingress of rules such as `foo.com/bar*=svc:80,tls=secret`."""
    spec: Json = {}
    if class_name:
        spec["ingressClassName"] = class_name
    if default_backend:
        spec["defaultBackend"] = _backend(default_backend)
    hosts: dict[str, list[Json]] = {}
    tls: dict[str, list[str]] = {}
    for rule in rules:
        _add_rule(rule, hosts, tls)
    if hosts:
        spec["rules"] = [_ingress_rule(host, paths) for host, paths in hosts.items()]
    if tls:
        spec["tls"] = [_tls(secret, names) for secret, names in tls.items()]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {**metadata(name), **({"annotations": annotations} if annotations else {})},
        "spec": spec,
        "status": {"loadBalancer": {}},
    }


def _add_rule(rule: str, hosts: dict[str, list[Json]], tls: dict[str, list[str]]) -> None:
    head, _, tail = rule.partition("=")
    backend, *options = tail.split(",")
    if "/" not in head or ":" not in backend:
        raise CliError(
            f"rule {rule} is invalid and should be in format "
            "host/path=svcname:svcport[,tls[=secret]]"
        )
    host, _, path = head.partition("/")
    path = f"/{path}"
    is_prefix = path.endswith("*")
    hosts.setdefault(host, []).append(
        {
            "backend": _backend(backend),
            "path": path.rstrip("*") if is_prefix else path,
            "pathType": "Prefix" if is_prefix else "Exact",
        }
    )
    for option in options:
        word, _, secret = option.partition("=")
        if word == "tls":
            tls.setdefault(secret, []).append(host)


def _backend(text: str) -> Json:
    name, _, port = text.partition(":")
    number: Json = {"number": int(port)} if port.isdigit() else {"name": port}
    return {"service": {"name": name, "port": number}}


def _ingress_rule(host: str, paths: list[Json]) -> Json:
    return {**({"host": host} if host else {}), "http": {"paths": paths}}


def _tls(secret: str, hosts: list[str]) -> Json:
    named = [host for host in hosts if host]
    return {**({"hosts": named} if named else {}), **({"secretName": secret} if secret else {})}

"""Applications of several parts, and what pods are given to speak to the cluster."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.interop.cluster import Kubectl, eventually
from tests.interop.test_kubectl import in_background, line, ready
from tests.mounts import require_mounts

PART = """
import http.server, os, sys, urllib.request
role, port, entries = sys.argv[1], int(sys.argv[2]), []

def asked(service, path):
    host, port = (os.environ[f"{service}_SERVICE_{each}"] for each in ("HOST", "PORT"))
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as answer:
        return answer.read()

class Part(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        _, _, value = self.path.partition("?set=")
        if role == "frontend":
            body = asked("PRIMARY" if value else "REPLICA", self.path)
        elif role == "replica":
            body = asked("PRIMARY", self.path)
        else:
            entries.extend([value] if value else [])
            body = ",".join(entries).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer((os.environ["POD_IP"], port), Part).serve_forever()
"""
PORTS = {"primary": 6379, "replica": 6380, "frontend": 8080}


def service(role: str) -> dict[str, Any]:
    spec = {"selector": {"role": role}, "ports": [{"port": 8000, "targetPort": PORTS[role]}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": role}, "spec": spec}


def deployment(role: str, replicas: int) -> dict[str, Any]:
    address = {"fieldRef": {"fieldPath": "status.podIP"}}
    container = {
        "name": role,
        "image": "example.org/guestbook:1",
        "command": ["python3", "-c", PART, role, str(PORTS[role])],
        "env": [{"name": "POD_IP", "valueFrom": address}],
        "readinessProbe": {"tcpSocket": {"port": PORTS[role]}, "periodSeconds": 1},
    }
    pod = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": role},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"role": role}},
            "template": {"metadata": {"labels": {"role": role}}, "spec": pod},
        },
    }


def listed(*items: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Guestbook application should create and stop a working application"
)
def test_a_guestbook_remembers(newest: Kubectl) -> None:
    newest("create", "-f", "-", stdin=listed(*map(service, PORTS)))
    parts = [deployment("primary", 1), deployment("replica", 2), deployment("frontend", 2)]
    newest("create", "-f", "-", stdin=listed(*parts))
    for role in PORTS:
        newest("rollout", "status", f"deployment/{role}", "--timeout=40s")
    front = f"/api/v1/namespaces/{newest.namespace}/services/frontend/proxy/"

    def says(path: str = "") -> str:
        done = newest.cluster.run(
            "sh", "-c", f"{newest.tools.kubectl} get --raw '{front}{path}' || true"
        )
        return done.strip()

    eventually("an entry", lambda: "hello" in says("?set=hello"))
    eventually("it to be read", lambda: "hello" in says())
    newest("delete", "--grace-period=0", "--force", "-f", "-", stdin=listed(*parts))
    eventually("all to go", lambda: not newest("get", "pods", "-o", "name").split())


@pytest.mark.conformance("[sig-cli] Kubectl client Proxy server should support --unix-socket=/path")
def test_kubectl_as_a_proxy_on_a_socket(newest: Kubectl, tmp_path: Path) -> None:
    where = tmp_path / "s"
    with in_background(newest, "proxy", f"--unix-socket={where}") as proxy:
        assert "Starting to serve" in line(proxy)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(where))
            connection.sendall(b"GET /api/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
            said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert "v1" in json.loads(said.partition(b"\r\n\r\n")[2])["versions"]


TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"


def reading(path: str, **more: Any) -> str:
    """A pod of one container a file, each of which prints its file."""
    containers = [
        {
            "name": name,
            "image": "example.org/read:1",
            "command": ["sh", "-c", f"cat {path}/{file}; echo; sleep 1000"],
            **({"volumeMounts": [{"name": "own", "mountPath": path}]} if more else {}),
        }
        for name, file in (("token", "token"), ("root", "ca.crt"), ("namespace", "namespace"))
    ]
    spec = {"terminationGracePeriodSeconds": 1, "containers": containers, **more}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "reader"}, "spec": spec}
    return json.dumps(body)


def projected() -> dict[str, Any]:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"volumes": [{"name": "own", "projected": {"sources": sources}}]}


@pytest.mark.conformance(
    "[sig-auth] ServiceAccounts should mount an API token into pods",
    "[sig-auth] ServiceAccounts should mount projected service account token",
)
@pytest.mark.parametrize("is_projected", [False, True])
def test_pods_find_what_they_speak_to_the_cluster_with(
    newest: Kubectl, tmp_path: Path, is_projected: object
) -> None:
    require_mounts()
    eventually("the account", lambda: "default" in newest("get", "serviceaccounts", "-o", "name"))
    path = str(tmp_path / "own") if is_projected else TOKENS
    more = projected() if is_projected else {}
    newest("create", "-f", "-", stdin=reading(path, **more))
    ready(newest, "pod/reader")
    eventually("a token", lambda: newest("logs", "reader", "-c", "token"))
    token = newest("logs", "reader", "-c", "token").strip()
    assert newest("logs", "reader", "-c", "namespace").strip() == newest.namespace
    assert "BEGIN CERTIFICATE" in newest("logs", "reader", "-c", "root")
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token},
    }
    found = json.loads(newest("create", "-o", "json", "-f", "-", stdin=json.dumps(review)))
    user = found["status"]["user"]
    assert user["username"] == f"system:serviceaccount:{newest.namespace}:default"
    assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["reader"]

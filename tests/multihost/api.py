"""A small client of the REST API that asks from within a host's network."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.multihost.networks import Network

Json = dict[str, Any]
T = TypeVar("T")

WAIT_S = 30.0

ANSWER_S = 40.0
"""A server without its store says so only when it has tried for a while."""


class RefusedError(Exception):
    """The server answered no."""

    def __init__(self, status: int, told: Json) -> None:
        super().__init__(f"{status}: {told.get('message', told)}")
        self.status = status


class UnsentError(OSError):
    """There was no connection to send anything on."""


@dataclass(frozen=True)
class Api:
    """One API server, as its administrator sees it."""

    network: Network
    """The network we ask from."""
    address: str
    port: int
    ca: Path
    token: str

    def ask(self, method: str, path: str, body: object = None, content: str = "") -> Any:
        """One request; the answer as JSON. Raise RefusedError or OSError."""
        connection = self._open()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": content or "application/json",
            "Accept": "application/json, */*",
        }
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            read = answer.read()
        finally:
            connection.close()
        try:
            told = json.loads(read)
        except ValueError:
            told = read.decode(errors="replace")  # A watch, or a pod's own words.
        if answer.status >= 400:
            raise RefusedError(answer.status, told if isinstance(told, dict) else {"message": told})
        return told

    def _open(self) -> http.client.HTTPConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        try:
            plain = self.network.connect(self.address, self.port, timeout_s=10)
        except OSError as error:
            raise UnsentError(*error.args) from None
        connection = http.client.HTTPConnection(self.address, self.port)
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=self.address)
        except OSError as error:
            plain.close()
            _close_within(error)
            raise UnsentError(*error.args) from None
        connection.sock.settimeout(ANSWER_S)
        return connection

    def get(self, path: str) -> Any:
        """What lies at /api/v1/… or /apis/…."""
        return self.ask("GET", path)

    def apply(self, text: str) -> None:
        """Create or change what a manifest names, of the kinds tests use."""
        for one in yaml.safe_load_all(text):
            if one:
                self.put(one)

    def put(self, one: Mapping[str, Any]) -> Any:
        """Apply one object on the server's side."""
        meta = one["metadata"]
        path = f"{collection(one['apiVersion'], one['kind'], meta.get('namespace', 'default'))}"
        path += f"/{meta['name']}?fieldManager=test&force=true"
        return self.ask("PATCH", path, one, "application/apply-patch+yaml")

    def patch(self, path: str, change: object) -> Any:
        """Merge a change into an object."""
        return self.ask("PATCH", path, change, "application/merge-patch+json")

    def delete(self, path: str, **options: object) -> None:
        """Delete an object; none is as good."""
        try:
            self.ask("DELETE", path, options or None)
        except RefusedError as error:
            if error.status != 404:
                raise

    def pods(self, selector: str = "", namespace: str = "default") -> list[Json]:
        """Pods by label."""
        query = f"?labelSelector={selector}" if selector else ""
        found: list[Json] = self.get(f"/api/v1/namespaces/{namespace}/pods{query}")["items"]
        return found

    def ready_pods(self, selector: str, count: int, timeout_s: float = WAIT_S) -> list[Json]:
        """Wait until exactly so many pods are there and all of them ready."""

        def look() -> list[Json]:
            found = [p for p in self.pods(selector) if "deletionTimestamp" not in p["metadata"]]
            assert len(found) == count, f"{len(found)} pods of {count} for {selector}"
            for pod in found:
                conditions = pod["status"].get("conditions", ())
                states = {one["type"]: one["status"] for one in conditions}
                assert states.get("Ready") == "True", (pod["metadata"]["name"], pod["status"])
            return found

        return eventually(look, timeout_s)


def _close_within(error: OSError) -> None:
    """Close what ssl forgets when a connection is reset before it has begun its handshake."""
    trace = error.__traceback__
    while trace is not None:
        found = trace.tb_frame.f_locals.get("self")
        if isinstance(found, ssl.SSLSocket):
            found.close()
        trace = trace.tb_next


def collection(api_version: str, kind: str, namespace: str) -> str:
    """Where objects of a kind lie."""
    plural = kind.lower() + ("es" if kind.endswith("s") else "s")
    root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    is_global = kind in ("Node", "Namespace", "ClusterRole", "ClusterRoleBinding")
    return f"{root}/{plural}" if is_global else f"{root}/namespaces/{namespace}/{plural}"


def eventually(look: Callable[[], T], timeout_s: float = WAIT_S, every_s: float = 0.1) -> T:
    """What `look` answers once it fails no more; its last failure where it goes on failing."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return look()
        except (AssertionError, OSError, RefusedError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(every_s)

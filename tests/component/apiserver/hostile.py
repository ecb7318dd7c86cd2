"""Requests that nobody sends in good faith, from a seed."""

import json
import types
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import quote

import msgspec

from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.api.structs import ApiStruct

WORDS = (
    *("", "a", "x" * 64, "default", "kube-system", "Always", "TCP", "é\u202e", "\x00", "-1", "1Gi"),
    *(
        "1e9999",
        "0x1p-2",
        "$(A)",
        "{{.}}",
        "../../etc",
        "%2e%2e",
        "name",
        "10.0.0.1",
        "::1",
        "\ud83d",
    ),
    *("2024-01-02T03:04:05Z", "0001-01-01T00:00:00Z", "* * * * *", "a=b", "a in (b", "~", "null"),
    *("nginx:1.15", "OnDelete", "RollingUpdate", "kubernetes.io/tls", "!!python/object:os.system"),
)
NUMBERS = (0, 1, -1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, 65536)
KEYS = ("metadata", "spec", "status", "name", "kind", "apiVersion", "items", "a", "", "$patch", "$")
DEPTH_MAX = 9
NESTED = (200, 5000, 300_000)

TYPES = (
    "application/json",
    "application/yaml",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "application/cbor",
    "",
    "text/plain; charset=no-such",
    "/;;",
)
ACCEPTS = (
    *("*/*", "application/json", "application/yaml", ";;;=", "application/json;as=Table;v=v1", ""),
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=x",
    "application/vnd.kubernetes.protobuf",
)
PARAMETERS = (
    *("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "pretty"),
    *("resourceVersionMatch", "fieldManager", "force", "dryRun", "fieldValidation", "timeout"),
    *("propagationPolicy", "gracePeriodSeconds", "orphanDependents", "includeObject"),
    *("container", "tailLines", "sinceTime", "command", "ports", "allowWatchBookmarks", "path"),
)
VALUES = (
    *("", "0", "-1", "9" * 400, "true", "maybe", "a=b,c!=d", "a in (,b),!c", "metadata.name=x"),
    *(
        "a=b=c",
        "(",
        "!!a",
        "spec.nodeName=",
        "All",
        "Strict",
        "eyJ2IjoibWV0YSJ9",
        "\x00",
        "é",
        ")(,=!",
    ),
    *("a" * 5000, "a," * 3000, "a in (" + "b," * 2000 + ")", "2024-13-45T99:99:99Z", "%", "1e9"),
)
PAGES = (
    *("/", "//", "/api", "/api/v1", "/apis", "/apis/%2f", "/apis/apps", "/apis/apps/v1"),
    *("/openapi/v2", "/openapi/v3", "/version", "/metrics", "/logs", "/healthz", "/livez"),
    *("/readyz", "/.well-known/openid-configuration", "/openid/v1/jwks", "/apis/metrics.k8s.io"),
)
"""What is no resource."""
CUSTOM = "/apis/sea.example.com/v1/namespaces/default/boats"
"""Objects of a kind with a schema and rules, which the test defines."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Hostile:
    """One request."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encode(self) -> bytes:
        """As it goes over the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def request(random: Random) -> Hostile:
    """Any request to any route."""
    kind = random.choice(BUILT_IN)
    method = random.choice(METHODS[:5]) if random.random() < 0.95 else random.choice(METHODS)
    media = random.choice(TYPES[:7]) if random.random() < 0.9 else random.choice(TYPES)
    if method in ("POST", "PUT") and random.random() < 0.8:
        media = "application/json"
    headers = [("Content-Type", media)] if media else []
    headers.append(("Authorization", "Bearer root"))
    if random.random() < 0.3:
        headers.append(("Accept", random.choice(ACCEPTS)))
    if random.random() < 0.05:
        headers.append(("Impersonate-" + random.choice(("User", "Group", "Extra-a", "")), "x"))
    if random.random() < 0.08:
        name = "" if method == "POST" else "/a"
        part = random.choice(("", "", "/status", "/scale"))
        text = json.dumps(_custom(random)).encode("utf-8", "surrogatepass")
        return Hostile(method, f"{CUSTOM}{name}{part}", tuple(headers), text)
    body = _body(random, kind, media) if method != "GET" or random.random() < 0.1 else b""
    return Hostile(method, _target(random, kind), tuple(headers), body)


def _target(random: Random, kind: Kind) -> str:
    path = f"/api/{kind.version}" if not kind.group else f"/apis/{kind.group}/{kind.version}"
    if kind.namespaced and random.random() < 0.9:
        path += f"/namespaces/{_segment(random)}"
    path += f"/{kind.plural}"
    if random.random() < 0.6:
        path += f"/{_segment(random)}"
        if kind.subresources and random.random() < 0.5:
            path += f"/{random.choice(kind.subresources).name}"
    if random.random() < 0.05:
        path += "/" + quote(random.choice(WORDS).encode("utf-8", "replace"))
    if random.random() < 0.05:
        path = random.choice(PAGES) + random.choice(("", "/", path, "/%2e%2e/x", "/%00"))
    elif random.random() < 0.05:
        watched = path.replace(f"/{kind.version}/", f"/{kind.version}/watch/", 1)
        # A watch ends by itself only when it is told to.
        selector = quote(random.choice(VALUES))
        return f"{watched}?timeoutSeconds=1&labelSelector={selector}"
    names = random.sample(PARAMETERS, random.choice((0, 0, 1, 2)))
    query = "&".join(f"{name}={quote(random.choice(VALUES))}" for name in names)
    return f"{path}?{query}" if query else path


def _segment(random: Random) -> str:
    if random.random() < 0.8:
        return random.choice(("default", "a", "b", "kube-system"))
    return quote(random.choice(WORDS).encode("utf-8", "replace"), safe="") or "%"


def _body(random: Random, kind: Kind, media: str) -> bytes:
    chance = random.random()
    if chance < 0.05:
        return random.randbytes(random.choice((1, 40, 400)))
    if chance < 0.10:
        depth = random.choice(NESTED)
        opening, closing = random.choice(
            (("[", "]"), ('{"a":', "}"), ("[{", "}]"), ('{"metadata":', "}"))
        )
        return (opening * depth + closing * (depth if random.random() < 0.5 else 0)).encode()
    if chance < 0.13:
        return random.choice(
            (b"", b"null", b"[]", b"{}", b'"x"', b"1", b"{,}", b"\xff\xfe", b"%YAML", b"&a [*a]")
        )
    value = _json_patch(random) if "json-patch" in media else _shaped(random, kind.type, 0)
    if isinstance(value, dict):
        if random.random() < 0.9:
            value |= {"kind": kind.name, "apiVersion": kind.api_version}
        if random.random() < 0.8:
            meta = value.get("metadata")
            meta = meta if isinstance(meta, dict) else {}
            value["metadata"] = meta | {"name": random.choice(("a", "b"))}
    return json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")


def _custom(random: Random) -> Any:
    """A boat, more or less."""
    spec = {name: anything(random, 4) for name in ("sails", "name", "when", "crew")}
    head = {"apiVersion": "sea.example.com/v1", "kind": "Boat", "metadata": {"name": "a"}}
    return {**head, "spec": spec, "status": anything(random, 5), "x": anything(random, 5)}


def _json_patch(random: Random) -> Any:
    paths = (
        "",
        "/",
        "/metadata/name",
        "/metadata/labels/a",
        "/spec",
        "/data/-",
        "/a~2b",
        "/0/1",
        "x",
    )
    return [
        {
            "op": random.choice(("add", "remove", "replace", "move", "copy", "test", "x", 1)),
            "path": random.choice(paths),
            "from": random.choice(paths),
            "value": anything(random, 3),
        }
        for _ in range(random.choice((1, 3)))
    ]


def anything(random: Random, depth: int) -> Any:
    """Any JSON value."""
    sort = random.randrange(7 if depth < DEPTH_MAX else 5)
    match sort:
        case 0 | 1:
            return random.choice(WORDS)
        case 2:
            return random.choice(NUMBERS)
        case 3:
            return random.choice((True, False))
        case 4:
            return None
        case 5:
            return [anything(random, depth + 2) for _ in range(random.randrange(4))]
    return {random.choice((*KEYS, *WORDS[:6])): anything(random, depth + 2) for _ in range(3)}


def _shaped(random: Random, wanted: Any, depth: int) -> Any:
    """A value of a type, mostly."""
    if random.random() < 0.04 or depth > DEPTH_MAX:
        return anything(random, depth)
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        return _shaped(random, arguments[0], depth)
    if origin in (Union, types.UnionType):
        return _shaped(random, random.choice(arguments), depth + 1)
    if origin is tuple:
        return [_shaped(random, arguments[0], depth + 1) for _ in range(random.randrange(3))]
    if origin is not None and arguments and len(arguments) == 2:
        return {random.choice(WORDS): _shaped(random, arguments[1], depth + 1) for _ in range(2)}
    if isinstance(wanted, type) and issubclass(wanted, ApiStruct):
        share = 0.5 if depth < 2 else 0.3
        return {
            one.encode_name: _shaped(random, one.type, depth + 1)
            for one in msgspec.structs.fields(wanted)
            if random.random() < share or one.required
        }
    return _plain(random, wanted, depth)


def _plain(random: Random, wanted: Any, depth: int) -> Any:
    if wanted is bool:
        return random.random() < 0.5
    if wanted is int:
        return random.choice(NUMBERS[:8])
    if wanted is str or (isinstance(wanted, type) and issubclass(wanted, str)):
        return random.choice(WORDS)
    return None if wanted is type(None) else anything(random, depth)

"""Names of images: which registry, which repository, which tag; and whose login fits. Pure."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from kubelet.runtime.runtime import Credentials

DOCKER_HUB = "docker.io"
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")


def repository_and_tag(name: str) -> tuple[str, str]:
    """What Docker's pull is asked for; without tag and digest it is `latest`."""
    repository, at, digest = name.partition("@")
    if at:
        return repository.rpartition(":")[0] if _has_tag(repository) else repository, digest
    if _has_tag(name):
        repository, _, tag = name.rpartition(":")
        return repository, tag
    return name, "latest"


def registry_of(name: str) -> str:
    """The registry's host, docker.io where the name has none."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return DOCKER_HUB


def logins_for(name: str, credentials: Sequence[Credentials]) -> list[str]:
    """The X-Registry-Auth headers to try, those for this very repository first."""
    registry = registry_of(name)
    fitting = []
    for one in credentials:
        server = one.server.partition("://")[2] or one.server
        host, _, path = server.partition("/")
        same = host == registry or (host in _HUB_NAMES and registry == DOCKER_HUB)
        path = path.strip("/")
        if path in ("v1", "v2"):
            path = ""
        if same and name.removeprefix(f"{host}/").startswith(path):
            fitting.append((len(path), _header(one)))
    return [header for _, header in sorted(fitting, key=lambda pair: -pair[0])]


def _header(one: Credentials) -> str:
    told = {"username": one.username, "password": one.password, "serveraddress": one.server}
    return urlsafe_b64encode(json.dumps(told).encode()).decode()


def _has_tag(name: str) -> bool:
    return ":" in name.rpartition("/")[2]

"""Tells extension servers whom to believe when they are asked for somebody."""

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import AlreadyExistsError
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta

NAME, NAMESPACE = "extension-apiserver-authentication", "kube-system"
FRONT_PROXY = "front-proxy-client"
"""The name in the certificate that the server shows."""


def authorities(client_ca: str, front_proxy_ca: str) -> dict[str, str]:
    """What extension servers are told, from the files of the authorities. Raise OSError."""
    data = {}
    if client_ca:
        data["client-ca-file"] = Path(client_ca).read_text()
    if front_proxy_ca:
        data |= {
            "requestheader-allowed-names": json.dumps([FRONT_PROXY]),
            "requestheader-client-ca-file": Path(front_proxy_ca).read_text(),
            "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
            "requestheader-group-headers": '["X-Remote-Group"]',
            "requestheader-uid-headers": '["X-Remote-Uid"]',
            "requestheader-username-headers": '["X-Remote-User"]',
        }
    return data


async def publish_authorities(registry: Registry, data: Mapping[str, str]) -> None:
    """Write the ConfigMap that extension servers read."""
    if not data:
        return
    wanted = ConfigMap(metadata=ObjectMeta(name=NAME, namespace=NAMESPACE), data=data)
    request = Request(user=SYSTEM, kind=kind_of(ConfigMap), namespace=NAMESPACE)
    try:
        await registry.create(request, Body(wanted))
    except AlreadyExistsError:
        found: ConfigMap | None = await registry.core.get_live(ConfigMap, NAMESPACE, NAME)
        if found is not None and found.data != {**found.data, **data}:
            await registry.core.write_status(replace(found, data={**found.data, **data}))

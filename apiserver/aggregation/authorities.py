"""Tells extension servers whom to believe when they are asked for somebody."""

import json
from pathlib import Path

from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import AlreadyExistsError
from knarr.api.kinds import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.daemon.settings import SettingsError

NAME, NAMESPACE = "extension-apiserver-authentication", "kube-system"
FRONT_PROXY = "front-proxy-client"
"""The name in the certificate that the server shows."""


async def publish_authorities(registry: Registry, client_ca: str, front_proxy_ca: str) -> None:
    """Write the ConfigMap that extension servers read. Raise SettingsError."""
    data = {}
    try:
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
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None
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

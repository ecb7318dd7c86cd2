"""Rules of where a webhook is called."""

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import urlsplit

from knarr.api import names
from knarr.api.field_errors import FieldError, invalid, required

FORM = "; desired format: https://host[/path]"


class Service(Protocol):
    """A Service to call, whichever group's reference it is."""

    @property
    def name(self) -> str:
        """The Service."""

    @property
    def namespace(self) -> str:
        """Where it is."""

    @property
    def path(self) -> str | None:
        """What to ask it for."""

    @property
    def port(self) -> int | None:
        """Where it listens."""


class ClientConfig(Protocol):
    """An address or a Service."""

    @property
    def url(self) -> str | None:
        """The address."""

    @property
    def service(self) -> Service | None:
        """The Service."""


def client_config(config: ClientConfig, path: str) -> Iterator[FieldError]:
    """One way to call it, and one that works."""
    if (config.url is None) == (config.service is None):
        yield required(path, "exactly one of url or service is required")
    elif config.url is not None:
        yield from _url(config.url, f"{path}.url")
    elif config.service is not None:
        yield from service(config.service, f"{path}.service")


def _url(url: str, path: str) -> Iterator[FieldError]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{FORM}")
        return
    if parts.scheme != "https":
        yield invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{FORM}")
    if not parts.netloc:
        yield invalid(path, parts.netloc, f"host must be specified{FORM}")
    if parts.username is not None:
        yield invalid(path, parts.username, "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid(path, parts.query, "query parameters are not permitted in the URL")


def service(given: Service, path: str) -> Iterator[FieldError]:
    """A Service by name, port and path."""
    if not given.name:
        yield required(f"{path}.name")
    if not given.namespace:
        yield required(f"{path}.namespace")
    if given.port is not None:
        broken = names.port_number(given.port)
        if broken:
            yield invalid(f"{path}.port", given.port, f"port is not valid: {','.join(broken)}")
    if given.path:
        yield from _path(given.path, f"{path}.path")


def _path(asked: str, path: str) -> Iterator[FieldError]:
    if asked == "/":
        return
    if asked == "//":
        yield invalid(path, asked, "segment[0] may not be empty")
        return
    if not asked.startswith("/"):
        yield invalid(path, asked, "must start with a '/'")
    for i, step in enumerate(asked.removeprefix("/").removesuffix("/").split("/")):
        if not step:
            yield invalid(path, asked, f"segment[{i}] may not be empty")
            continue
        for told in names.dns_subdomain(step):
            yield invalid(path, asked, f"segment[{i}]: {told}")

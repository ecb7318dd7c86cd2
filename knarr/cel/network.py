"""Addresses, networks and URLs."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

from knarr.cel.errors import CelError, no_overload
from knarr.cel.values import Address, Cidr, Url


def _read_address(text: Any) -> Address | None:
    if not isinstance(text, str):
        raise no_overload("ip")
    if "%" in text:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(found, IPv6Address) and found.ipv4_mapped else found


def address(value: Any) -> Address:
    """The address that a text says."""
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    found = _read_address(value)
    if found is None:
        raise CelError(f'IP Address "{value}" parse error during conversion from string')
    return found


def _is_canonical(text: str) -> bool:
    return str(address(text)) == text


def _read_cidr(text: Any) -> Cidr | None:
    if not isinstance(text, str):
        raise no_overload("cidr")
    head, slash, bits = text.partition("/")
    found = _read_address(head)
    if not slash or found is None or not bits.isdecimal() or bits != str(int(bits)):
        return None
    try:
        return Cidr(found, ip_network(text, strict=False))
    except ValueError:
        return None


def cidr(text: Any) -> Cidr:
    """The network that a text says."""
    found = _read_cidr(text)
    if found is None:
        raise CelError(f'network address parse error during conversion from string: "{text}"')
    return found


def _contains_ip(network: Cidr, value: Any) -> bool:
    return address(value) in network.network


def _contains_cidr(network: Cidr, value: Any) -> bool:
    other = value if isinstance(value, Cidr) else cidr(value)
    inner: Any = other.network
    outer: Any = network.network
    return inner.version == outer.version and bool(inner.subnet_of(outer))


def _masked(network: Cidr) -> Cidr:
    return Cidr(network.network.network_address, network.network)


def _read_url(text: Any) -> Url | None:
    if not isinstance(text, str):
        raise no_overload("url")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    if any(c <= " " or c == "\x7f" for c in text):
        return None
    is_absolute = bool(parts.scheme) and (bool(parts.netloc) or parts.path.startswith("/"))
    return Url(parts) if is_absolute or text.startswith("/") else None


def url(text: Any) -> Url:
    """The URL that a text says."""
    found = _read_url(text)
    if found is None:
        raise CelError(f'URL parse error during conversion from string: parse "{text}"')
    return found


def _host(value: Url) -> str:
    return value.parts.netloc.rpartition("@")[2]


def _hostname(value: Url) -> str:
    host = _host(value)
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


GLOBAL: Mapping[str, Callable[..., Any]] = {
    "ip": address,
    "isIP": lambda text: _read_address(text) is not None,
    "ip.isCanonical": _is_canonical,
    "cidr": cidr,
    "isCIDR": lambda text: _read_cidr(text) is not None,
    "url": url,
    "isURL": lambda text: _read_url(text) is not None,
}
OF_ADDRESS: Mapping[str, Callable[..., Any]] = {
    "family": lambda value: value.version,
    "isUnspecified": lambda value: value.is_unspecified,
    "isLoopback": lambda value: value.is_loopback,
    "isLinkLocalMulticast": lambda value: (
        value in ip_network("224.0.0.0/24")
        if value.version == 4
        else value in ip_network("ff02::/16")
    ),
    "isLinkLocalUnicast": lambda value: value.is_link_local,
    "isGlobalUnicast": lambda value: (
        not (
            value.is_unspecified
            or value.is_loopback
            or value.is_multicast
            or value.is_link_local
            or str(value) == "255.255.255.255"
        )
    ),
}
OF_CIDR: Mapping[str, Callable[..., Any]] = {
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "ip": lambda network: network.address,
    "masked": _masked,
    "prefixLength": lambda network: network.network.prefixlen,
}
OF_URL: Mapping[str, Callable[..., Any]] = {
    "getScheme": lambda value: value.parts.scheme,
    "getHost": _host,
    "getHostname": _hostname,
    "getPort": lambda value: str(value.parts.port) if value.parts.port is not None else "",
    "getEscapedPath": lambda value: value.parts.path,
    "getQuery": lambda value: parse_qs(value.parts.query, keep_blank_values=True),
}

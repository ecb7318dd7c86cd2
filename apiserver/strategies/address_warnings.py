"""What clients are told of addresses written in a form that is odd and yet taken."""

import ipaddress
from collections.abc import Iterator

from knarr.api.field_errors import show

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NO_LONGER = "will be considered invalid in a future Kubernetes release: use"


def ip_warnings(value: str, path: str) -> Iterator[str]:
    """Of one address: leading zeros, IPv4 inside IPv6, IPv6 that could be shorter."""
    address = _address(value)
    if address is None:
        return
    if _is_odd(value):
        plain = show(str(_unmapped(address)))
        yield f"{path}: non-standard IP address {show(value)} {_NO_LONGER} {plain}"
    elif str(address) != value:
        shorter = show(str(address))
        yield (
            f"{path}: IPv6 address {show(value)} should be in RFC 5952 canonical format ({shorter})"
        )


def cidr_warnings(value: str, path: str) -> Iterator[str]:
    """Of a range: the same, and bits behind the prefix."""
    text, _, length = value.partition("/")
    address = _address(text)
    if address is None or not length.isdecimal() or int(length) > address.max_prefixlen:
        return
    network = ipaddress.ip_network((address, int(length)), strict=False)
    odd = False
    if network.network_address != address:
        odd = True
        alone = show(f"{_unmapped(address)}/{address.max_prefixlen}")
        yield (
            f"{path}: CIDR value {show(value)} is ambiguous in this context "
            f"(should be {show(str(network))} or {alone}?)"
        )
    if _is_odd(text) or str(int(length)) != length:
        odd = True
        yield f"{path}: non-standard CIDR value {show(value)} {_NO_LONGER} {show(str(network))}"
    if not odd and str(network) != value:
        shorter = show(str(network))
        yield (
            f"{path}: IPv6 CIDR value {show(value)} should be in RFC 5952 canonical format "
            f"({shorter})"
        )


def _is_odd(text: str) -> bool:
    """Whether strict readers refuse the address, or it is of one family inside the other."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def _unmapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _address(text: str) -> _Address | None:
    """The address, with leading zeros in its numbers forgiven."""
    parts = text.split(".")
    if ":" not in text and all(part.isdecimal() for part in parts):
        text = ".".join(str(int(part)) for part in parts)
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None

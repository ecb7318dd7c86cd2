"""What makes a good name, in the words Kubernetes uses when one is bad.

Each function answers the rules a text breaks, none for a good one. A message
stands without the value: validation puts path and value in front of it.
"""

import ipaddress
import re

from knarr.api.scalars import IntOrString

LABEL_CHARACTERS_MAX = 63
"""Longest DNS label, and longest label value, prefix excluded."""
SUBDOMAIN_CHARACTERS_MAX = 253
"""Longest DNS subdomain, the form of most objects' names."""
PORT_NAME_CHARACTERS_MAX = 15
"""Longest name of a port, as the registry of service names has it."""

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"
_HTTP_HEADER = r"[-A-Za-z0-9]+"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_UNDERSCORED = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_is_subdomain_with_underscores = re.compile(rf"{_UNDERSCORED}(\.{_UNDERSCORED})*").fullmatch
_is_label_1035 = re.compile(_LABEL_1035).fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_is_label_value = re.compile(_LABEL_VALUE).fullmatch
_is_config_key = re.compile(_CONFIG_KEY).fullmatch
_is_http_header = re.compile(_HTTP_HEADER).fullmatch
_is_usual_address = re.compile(
    r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}"
).fullmatch
_is_port_name_charset = re.compile(r"[-a-z0-9]+").fullmatch
_has_letter = re.compile(r"[a-z]").search

_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_BAD_LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    f"regex used for validation is '{_LABEL_1035}')"
)
_BAD_QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_QUALIFIED}')"
)
_BAD_LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_LABEL_VALUE}')"
)
_BAD_CONFIG_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    f"'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
_BAD_HTTP_HEADER = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', "
    f"regex used for validation is '{_HTTP_HEADER}')"
)
_BAD_ENV_NAME = (
    "a valid environment variable name must consist only of printable ASCII characters other "
    "than '='"
)


def _no_more_than(maximum: int, unit: str = "characters") -> str:
    return f"must be no more than {maximum} {unit}"


def dns_label(value: str) -> list[str]:
    """One part of a DNS name: the form of namespaces, containers and volumes."""
    broken = []
    if len(value) > LABEL_CHARACTERS_MAX:
        broken.append(_no_more_than(LABEL_CHARACTERS_MAX))
    if not _is_label(value):
        broken.append("must not contain dots" if _is_subdomain(value) else _BAD_LABEL)
    return broken


def dns_label_1035(value: str) -> list[str]:
    """A DNS label of the older form, which starts with a letter."""
    broken = []
    if len(value) > LABEL_CHARACTERS_MAX:
        broken.append(_no_more_than(LABEL_CHARACTERS_MAX))
    if not _is_label_1035(value):
        broken.append(_BAD_LABEL_1035)
    return broken


def dns_subdomain(value: str) -> list[str]:
    """A DNS name of any number of parts: the form of most objects' names."""
    broken = []
    if len(value) > SUBDOMAIN_CHARACTERS_MAX:
        broken.append(_no_more_than(SUBDOMAIN_CHARACTERS_MAX))
    if not _is_subdomain(value):
        broken.append(_BAD_SUBDOMAIN)
    return broken


def dns_subdomain_with_underscores(value: str) -> list[str]:
    """A DNS name whose parts may hold underscores: where resolvers search."""
    broken = []
    if len(value) > SUBDOMAIN_CHARACTERS_MAX:
        broken.append(_no_more_than(SUBDOMAIN_CHARACTERS_MAX))
    if not _is_subdomain_with_underscores(value):
        broken.append(_BAD_SUBDOMAIN.replace("'-' or '.'", "'_', '-' or '.'", 1))
    return broken


def wildcard_subdomain(value: str) -> list[str]:
    """A DNS name whose first part is a star."""
    broken = []
    if len(value) > SUBDOMAIN_CHARACTERS_MAX:
        broken.append(_no_more_than(SUBDOMAIN_CHARACTERS_MAX))
    if not (value.startswith("*.") and _is_subdomain(value[2:])):
        broken.append(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
            "subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and "
            "end with an alphanumeric character (e.g. '*.example.com', regex used for validation "
            rf"is '\*\.{_SUBDOMAIN}')"
        )
    return broken


def qualified_name(value: str) -> list[str]:
    """A label's key, a resource's name: an optional DNS prefix, a slash, a name."""
    prefix, slash, name = value.partition("/")
    if "/" in name:
        return [
            f"a qualified name {_BAD_QUALIFIED} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        ]
    broken = []
    if not slash:
        name = prefix
    elif not prefix:
        broken.append("prefix part must be non-empty")
    else:
        broken.extend(f"prefix part {message}" for message in dns_subdomain(prefix))
    if not name:
        broken.append("name part must be non-empty")
    elif len(name) > LABEL_CHARACTERS_MAX:
        broken.append(f"name part {_no_more_than(LABEL_CHARACTERS_MAX, 'bytes')}")
    if not _is_qualified(name):
        broken.append(f"name part {_BAD_QUALIFIED}")
    return broken


def label_value(value: str) -> list[str]:
    """The value of a label."""
    broken = []
    if len(value) > LABEL_CHARACTERS_MAX:
        broken.append(_no_more_than(LABEL_CHARACTERS_MAX, "bytes"))
    if not _is_label_value(value):
        broken.append(_BAD_LABEL_VALUE)
    return broken


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret, which may become a file's name."""
    broken = []
    if len(value) > SUBDOMAIN_CHARACTERS_MAX:
        broken.append(_no_more_than(SUBDOMAIN_CHARACTERS_MAX))
    if not _is_config_key(value):
        broken.append(_BAD_CONFIG_KEY)
    if value in (".", ".."):
        broken.append(f"must not be '{value}'")
    elif value.startswith(".."):
        broken.append("must not start with '..'")
    return broken


def env_name(value: str) -> list[str]:
    """The name of an environment variable."""
    broken = []
    if not value:
        broken.append("environment variable name must be non-empty")
    if any(not " " <= letter <= "~" or letter == "=" for letter in value):
        broken.append(_BAD_ENV_NAME)
    return broken


def http_header(value: str) -> list[str]:
    """The name of an HTTP header."""
    return [] if _is_http_header(value) else [_BAD_HTTP_HEADER]


def port_name(value: str) -> list[str]:
    """The name of a port."""
    broken = []
    if len(value) > PORT_NAME_CHARACTERS_MAX:
        broken.append(_no_more_than(PORT_NAME_CHARACTERS_MAX))
    if not _is_port_name_charset(value):
        broken.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(value):
        broken.append("must contain at least one letter (a-z)")
    if "--" in value:
        broken.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        broken.append("must not begin or end with a hyphen")
    return broken


def in_range(value: int, low: int, high: int) -> list[str]:
    """A number that lies between two bounds, both good."""
    return [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


def port_number(value: int) -> list[str]:
    """The number of a port."""
    return in_range(value, 1, 65535)


def port(value: IntOrString) -> list[str]:
    """A port by number or by name."""
    return port_number(value) if isinstance(value, int) else port_name(value)


def path_segment(value: str) -> list[str]:
    """A name that may be anything that fits between two slashes of a path."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{letter}'" for letter in "/%" if letter in value]


def ip_address(value: str) -> list[str]:
    """An address of either family, in its usual spelling."""
    if _is_usual_address(value):
        return []
    bad = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    try:
        parsed = ipaddress.ip_address(value)
    except ValueError:
        if _has_leading_zero(value):
            return ["must not have leading 0s"]
        return [bad]
    if "%" in value:
        return [bad]
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return ["must not be an IPv4-mapped IPv6 address"]
    return []


def cidr(value: str) -> list[str]:
    """A block of addresses whose address is its first one."""
    bad = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    address, slash, length = value.partition("/")
    if not slash or not length.isdecimal():
        return [bad]
    broken = []
    if _has_leading_zero(address):
        broken.append("must not have leading 0s in IP")
    if len(length) > 1 and length.startswith("0"):
        broken.append("must not have leading 0s in prefix length")
    if broken:
        return broken
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return [bad]
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None:
        return ["must not have an IPv4-mapped IPv6 address"]
    if network.network_address != ipaddress.ip_address(address):
        return ["must not have bits set beyond the prefix length"]
    return []


def _has_leading_zero(value: str) -> bool:
    parts = value.split(".")
    return (
        len(parts) == 4
        and all(part.isdecimal() and int(part) <= 255 for part in parts)
        and any(len(part) > 1 and part.startswith("0") for part in parts)
    )

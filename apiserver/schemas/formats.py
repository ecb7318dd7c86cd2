"""Formats of texts that schemas ask for; unknown ones hold for every text."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from datetime import date
from email.utils import parseaddr
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from knarr.api import names, times

_HOSTNAME = re.compile(
    r"(?=.{1,253}\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?"
)
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_HEX = "[0-9a-f]"
_RGB = re.compile(
    r"rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
    r"\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)"
)
_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0")
_DURATION_WORDS = re.compile(
    r"(?:\d+)\s*(?:ns|nano(?:second)?s?|us|µs|micros?(?:econds?)?|ms|millis?(?:econds?)?|s|secs?|"
    r"seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wk|weeks?)",
    re.IGNORECASE,
)


def _raises(check: Callable[[str], object]) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            return check(text) is not False
        except (ValueError, Base64Error):
            return False

    return holds


def _matches(expression: str) -> Callable[[str], bool]:
    wanted = re.compile(expression, re.IGNORECASE | re.ASCII)
    return lambda text: wanted.fullmatch(text) is not None


def _is_uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme or text.startswith("/")) and not any(c <= " " for c in text)


def _is_email(text: str) -> bool:
    _, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and " " not in domain


def _is_duration(text: str) -> bool:
    return bool(_DURATION.fullmatch(text) or _DURATION_WORDS.fullmatch(text))


def _is_datetime(text: str) -> bool:
    times.normalise(text)
    return True


def _is_isbn(length: int) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        digits = re.sub(r"[\s-]", "", text).upper()
        if len(digits) != length or not re.fullmatch(r"\d+X?", digits):
            return False
        values = [10 if digit == "X" else int(digit) for digit in digits]
        if length == 10:
            return sum((10 - i) * each for i, each in enumerate(values)) % 11 == 0
        return sum(each * (3 if i % 2 else 1) for i, each in enumerate(values)) % 10 == 0

    return holds


def _is_credit_card(text: str) -> bool:
    digits = [int(c) for c in re.sub(r"[^0-9]", "", text)]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [each if i % 2 == 0 else each * 2 for i, each in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "uri": _raises(_is_uri),
    "email": _is_email,
    "hostname": _matches(_HOSTNAME.pattern),
    "ipv4": _raises(IPv4Address),
    "ipv6": _raises(lambda text: IPv6Address(text) and "%" not in text),
    "cidr": _raises(lambda text: "/" in text and bool(ip_network(text, strict=False))),
    "mac": _matches(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"),
    "uuid": _matches(_UUID % (_HEX, _HEX)),
    "uuid3": _matches(_UUID % ("3", _HEX)),
    "uuid4": _matches(_UUID % ("4", "[89ab]")),
    "uuid5": _matches(_UUID % ("5", "[89ab]")),
    "isbn": lambda text: _is_isbn(10)(text) or _is_isbn(13)(text),
    "isbn10": _is_isbn(10),
    "isbn13": _is_isbn(13),
    "creditcard": _is_credit_card,
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _matches(r"#?(?:[0-9a-f]{3}|[0-9a-f]{6})"),
    "rgbcolor": _matches(_RGB.pattern),
    "byte": _raises(lambda text: b64decode(text, validate=True) is not None),
    "date": _raises(lambda text: len(text) == 10 and bool(date.fromisoformat(text))),
    "date-time": _raises(_is_datetime),
    "datetime": _raises(_is_datetime),
    "duration": _is_duration,
    "k8s-short-name": lambda text: not names.dns_label(text),
    "k8s-long-name": lambda text: not names.dns_subdomain(text),
}


def is_of_format(name: str, text: str) -> bool:
    """Whether a text is of a format."""
    check = _FORMATS.get(name)
    return check is None or check(text)

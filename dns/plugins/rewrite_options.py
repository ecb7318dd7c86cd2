"""Changes what a question says in its EDNS0 options: `rewrite edns0`. Pure."""

import ipaddress
import struct
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from dns.message import HEADER, OPT, Edns, Query, question_end, question_rest
from dns.plugins.rewrite_rules import Rewritten, Rule, RuleError

NSID, SUBNET = 3, 8

ACTIONS = ("set", "replace", "append", "unset")

UDP_BYTES = 4096

DNSSEC_OK = 0x8000

_OPT = struct.Struct("!BHHIH")

_OPTION = struct.Struct("!HH")

Data = Callable[[Query], bytes]
"""What an option is to hold."""


def edns_rule(words: Sequence[str]) -> Rule:
    """One option set, replaced where it is, appended where it is not, or unset."""
    match words:
        case ["local", "unset", code]:
            return _rule("unset", _code(code), lambda _: b"")
        case ["local", action, code, data] if action in ACTIONS:
            return _rule(action, _code(code), _data(data))
        case ["nsid", action] if action in ACTIONS:
            return _rule(action, NSID, lambda _: b"")
        case ["subnet", "unset"]:
            return _rule("unset", SUBNET, lambda _: b"")
        case ["subnet", action, v4, v6] if action in ACTIONS and v4.isdigit() and v6.isdigit():
            return _rule(action, SUBNET, lambda query: _subnet(query, int(v4), int(v6)))
    raise RuleError(f"cannot use edns0 {' '.join(words)}")


def _rule(action: str, code: int, data: Data) -> Rule:
    def rule(query: Query) -> Rewritten | None:
        options = _options(query)
        has = any(one == code for one, _ in options)
        if (action in ("replace", "unset") and not has) or (action == "append" and has):
            return None
        options = [one for one in options if one[0] != code]
        if action != "unset":
            options.insert(0, (code, data(query)))
        return Rewritten(_with(query, options))

    return rule


def _options(query: Query) -> list[tuple[int, bytes]]:
    """What the question says by now, in order."""
    data = question_rest(query)[_OPT.size :]
    found = []
    while len(data) >= _OPTION.size:
        code, length = _OPTION.unpack_from(data)
        end = _OPTION.size + length
        found.append((code, data[_OPTION.size : end]))
        data = data[end:]
    return found


def _with(query: Query, options: Sequence[tuple[int, bytes]]) -> Query:
    """The question, saying this."""
    edns = query.edns or Edns(UDP_BYTES)
    data = b"".join(_OPTION.pack(code, len(held)) + held for code, held in options)
    flags = DNSSEC_OK if edns.wants_dnssec else 0
    opt = _OPT.pack(0, OPT, edns.payload, flags, len(data)) + data
    number, bits = HEADER.unpack_from(query.wire)[:2]
    asked = query.wire[HEADER.size : question_end(query.wire)]
    wire = HEADER.pack(number, bits, 1, 0, 0, 1) + asked + opt
    return replace(query, wire=wire, edns=edns)


def _code(word: str) -> int:
    try:
        code = int(word, 0)
    except ValueError:
        raise RuleError(f"{word!r} is no number of an option") from None
    if not 0 < code <= 0xFFFF:
        raise RuleError(f"{word!r} is no number of an option")
    return code


VARIABLES: dict[str, Data] = {
    "{qname}": lambda query: b".".join(query.name) + b".",
    "{qtype}": lambda query: struct.pack("!H", query.type),
    "{client_ip}": lambda query: ipaddress.ip_address(query.client or "0.0.0.0").packed,
    "{protocol}": lambda query: b"tcp" if query.over_tcp else b"udp",
}


def _data(word: str) -> Data:
    if word in VARIABLES:
        return VARIABLES[word]
    if word.startswith("{"):
        raise RuleError(f"{word} is none of {', '.join(VARIABLES)}")
    try:
        found = bytes.fromhex(word[2:]) if word.startswith("0x") else word.encode()
    except ValueError:
        raise RuleError(f"{word!r} is no hexadecimal number") from None
    return lambda _: found


def _subnet(query: Query, v4: int, v6: int) -> bytes:
    """The network that the client is in, as RFC 7871 writes it."""
    address = ipaddress.ip_address(query.client or "0.0.0.0")
    family, length = (1, v4) if address.version == 4 else (2, v6)
    length = min(length, address.max_prefixlen)
    network = ipaddress.ip_network((address, length), strict=False)
    kept = network.network_address.packed[: (length + 7) // 8]
    return struct.pack("!HBB", family, length, 0) + kept

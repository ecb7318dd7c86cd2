"""Lets a pod reach itself by way of its Service.

The bridge gives no packet back by the port it came from, unless told so of the
port. Docker tells it only where its own proxy for published ports is off.
"""

import os
import socket
import struct
from pathlib import Path

import structlog

log = structlog.get_logger()

_SETLINK, _REQUEST, _ACK, _ERROR = 19, 1, 4, 2
_NESTED = 0x8000
_PORT_SETTINGS, _HAIRPIN = 12, 4


def let_reach_itself(pid: int) -> None:
    """Tell the bridge of the port that leads to the network of a process."""
    try:
        index = int(Path(f"/proc/{pid}/root/sys/class/net/eth0/iflink").read_text())
        _tell(index)
    except (OSError, ValueError) as error:
        log.debug("a pod may not reach itself by its Service", pid=pid, error=str(error))


def _tell(index: int) -> None:
    hairpin = struct.pack("=HHBxxx", 5, _HAIRPIN, 1)
    settings = struct.pack("=HH", 4 + len(hairpin), _PORT_SETTINGS | _NESTED) + hairpin
    body = struct.pack("=BxHiII", socket.AF_BRIDGE, 0, index, 0, 0) + settings
    head = struct.pack("=IHHII", 16 + len(body), _SETLINK, _REQUEST | _ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1)
        kernel.send(head + body)
        answer = kernel.recv(4096)
    kind, code = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
    if kind == _ERROR and code:
        raise OSError(-code, os.strerror(-code))

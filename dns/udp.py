"""Datagrams in and out: as many at a time as have come, ready answers at once."""

import asyncio
import socket
from typing import Any

from dns.front import Front

BATCH_MAX = 64
"""So many datagrams are answered before anybody else has his turn."""

WAITING_MAX = 8192
"""So many queries may be under way; further ones are dropped, their clients ask again."""

DATAGRAM_BYTES = 4096

BUFFER_BYTES = 4 * 1024 * 1024
"""What may wait in the kernel while we do other things."""


class UdpServer:
    """One address and port that datagrams are taken at."""

    def __init__(self, front: Front, group: asyncio.TaskGroup) -> None:
        self.hits = 0
        """How many queries had a ready answer."""
        self._front = front
        self._answers = front.hot.answers
        self._group = group
        self._waiting = 0
        self._socket: socket.socket | None = None

    def open(self, address: str, port: int) -> int:
        """Take datagrams; answer the port. Raise OSError when it is not to be had."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            made.bind((address, port))
        except OSError:
            made.close()
            raise
        self._socket = made
        asyncio.get_running_loop().add_reader(made.fileno(), self._readable)
        return int(made.getsockname()[1])

    def close(self) -> None:
        """Take no more."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        assert self._socket is not None, "a closed socket is not read"
        receive, send = self._socket.recvfrom, self._socket.sendto
        ready = self._answers.get
        try:
            for _ in range(BATCH_MAX):
                data, client = receive(DATAGRAM_BYTES)
                answer = ready(data[2:])
                if answer is not None:
                    send(data[:2] + answer(), client)
                    self.hits += 1
                else:
                    self._look_up(data, client)
        except OSError:
            return  # Nothing more has come, or a client is gone, or does not take any more.

    def _look_up(self, data: bytes, client: Any) -> None:
        if self._waiting < WAITING_MAX:
            self._waiting += 1
            self._group.create_task(self._reply(data, client))

    async def _reply(self, data: bytes, client: Any) -> None:
        try:
            packed = await self._front.reply(data, client[0], over_tcp=False)
            if packed is not None and self._socket is not None:
                self._socket.sendto(packed, client)
        except OSError:
            return  # The client is gone.
        finally:
            self._waiting -= 1

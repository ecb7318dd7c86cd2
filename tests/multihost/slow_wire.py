"""A wire between two devices that holds each frame for a while: `slow_wire.py ONE OTHER MS`.

Kernels without netem cannot delay packets; this can, at the pace of tests.
"""

import selectors
import socket
import sys
import time
from collections import deque

ALL_FRAMES = 3
FRAME_MAX = 65_536
OUTGOING = 4


def main(one: str, other: str, milliseconds: int) -> None:
    """Carry frames until killed."""
    ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW) for _ in range(2)]
    waiting: deque[tuple[float, socket.socket, bytes]] = deque()
    selector = selectors.DefaultSelector()
    for end, device, opposite in zip(ends, (one, other), reversed(ends), strict=True):
        end.bind((device, ALL_FRAMES))
        end.setblocking(False)
        selector.register(end, selectors.EVENT_READ, opposite)
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        wait_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(wait_s):
            assert isinstance(key.fileobj, socket.socket)
            try:
                frame, where = key.fileobj.recvfrom(FRAME_MAX)
            except OSError:
                continue
            if where[2] != OUTGOING:
                waiting.append((time.monotonic() + milliseconds / 1000, key.data, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, frame = waiting.popleft()
            try:
                end.send(frame)
            except OSError:
                continue


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""Clients of web pods: who answered, and under which address it saw us."""

import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.multihost.networks import Network

WEB = """
        image: busybox:1.36
        command:
        - sh
        - -c
        - |
          mkdir -p /w/cgi-bin
          echo '#!/bin/sh' >/w/cgi-bin/who
          echo 'echo; echo "$POD $REMOTE_ADDR"' >>/w/cgi-bin/who
          chmod +x /w/cgi-bin/who
          POD=$POD.81 httpd -p 81 -h /w
          exec httpd -f -p 80 -h /w
        env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
        ports: [{containerPort: 80, name: http}]
        readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1, timeoutSeconds: 5}
"""
"""A container whose /cgi-bin/who answers the pod's name and the client's address; at port 81 the
name has `.81` at its end."""


def daemon_set(name: str, more: str = "") -> str:
    """A web pod on each node."""
    return f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 0
      {more}
      containers:
      - name: web{WEB}"""


def service(name: str, app: str, spec: str = "", ports: str = "{port: 80}") -> str:
    """A Service of the pods of an app."""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {app}}}
  ports: [{ports}]
  {spec}
"""


def ask(
    namespace: Network, address: str, port: int = 80, timeout_s: float = 2.0
) -> tuple[str, str]:
    """The name of the pod that answers, and the address it saw. Raise OSError where none does."""
    with namespace.connect(address, port, timeout_s) as connection:
        connection.sendall(b"GET /cgi-bin/who HTTP/1.0\r\n\r\n")
        told = b""
        while part := connection.recv(4096):
            told += part
    try:
        name, seen = told.partition(b"\n")[2].decode().split()
    except ValueError:
        raise ConnectionError(f"half an answer: {told!r}") from None
    return name, seen.removeprefix("[::ffff:").rstrip("]")


def refusal(namespace: Network, address: str, port: int = 80, timeout_s: float = 2.0) -> str:
    """How a connection fails: refused, timeout, the kernel's words; answers if it does not."""
    try:
        namespace.connect(address, port, timeout_s).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return str(error)
    return "answers"


def names_of(namespace: Network, address: str, port: int = 80, times: int = 20) -> Counter[str]:
    """Who answers so many requests."""
    return Counter(ask(namespace, address, port)[0] for _ in range(times))


@dataclass
class Echo:
    """A server of datagrams within a pod's network that answers its name and whom it saw."""

    namespace: Network
    address: str
    port: int
    name: str
    _over: Event = field(default_factory=Event)

    def __enter__(self) -> "Echo":
        self._socket = self.namespace.datagrams(timeout_s=0.1)
        self._socket.bind((self.address, self.port))
        self._thread = Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                _, who = self._socket.recvfrom(2048)
                self._socket.sendto(f"{self.name} {who[0]}".encode(), who)
            except OSError:
                continue


class Looping:
    """A client that asks all the time, and what became of that."""

    def __init__(
        self, namespace: Network, address: str, port: int = 80, every_s: float = 0.01
    ) -> None:
        self.failures: list[tuple[float, str]] = []
        """When, by the monotonic clock, and why."""
        self.answers: Counter[str] = Counter()
        self._where = namespace, address, port
        self._every_s = every_s
        self._over = Event()

    def __enter__(self) -> "Looping":
        self._thread = Thread(target=self._loop)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def last_failure(self) -> float:
        """When the last one was; 0 for never."""
        return self.failures[-1][0] if self.failures else 0.0

    def _loop(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self.answers[ask(*self._where, timeout_s=1.0)[0]] += 1
            except OSError as error:
                self.failures.append((time.monotonic(), str(error)))

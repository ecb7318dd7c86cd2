"""TODO."""

from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct


class ExecAction(ApiStruct):
    """TODO."""

    command: tuple[str, ...] = ()
    """TODO."""


class GRPCAction(ApiStruct):
    """TODO."""

    port: Int32
    """TODO."""
    service: str | None = None
    """TODO."""


class HTTPHeader(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    value: str
    """TODO."""


class HTTPGetAction(ApiStruct):
    """TODO."""

    host: str = ""
    """TODO."""
    http_headers: tuple[HTTPHeader, ...] = ()
    """TODO."""
    path: str = ""
    """TODO."""
    port: IntOrString
    """TODO."""
    scheme: str = ""
    """TODO."""


class SleepAction(ApiStruct):
    """TODO."""

    seconds: int
    """TODO."""


class TCPSocketAction(ApiStruct):
    """TODO."""

    host: str = ""
    """TODO."""
    port: IntOrString
    """TODO."""


class LifecycleHandler(ApiStruct):
    """TODO."""

    exec: ExecAction | None = None
    """TODO."""
    http_get: HTTPGetAction | None = None
    """TODO."""
    sleep: SleepAction | None = None
    """TODO."""
    tcp_socket: TCPSocketAction | None = None
    """TODO."""


class Lifecycle(ApiStruct):
    """TODO."""

    post_start: LifecycleHandler | None = None
    """TODO."""
    pre_stop: LifecycleHandler | None = None
    """TODO."""
    stop_signal: str | None = None
    """TODO."""


class Probe(ApiStruct):
    """TODO."""

    exec: ExecAction | None = None
    """TODO."""
    failure_threshold: Int32 = 0
    """TODO."""
    grpc: GRPCAction | None = None
    """TODO."""
    http_get: HTTPGetAction | None = None
    """TODO."""
    initial_delay_seconds: Int32 = 0
    """TODO."""
    period_seconds: Int32 = 0
    """TODO."""
    success_threshold: Int32 = 0
    """TODO."""
    tcp_socket: TCPSocketAction | None = None
    """TODO."""
    termination_grace_period_seconds: int | None = None
    """TODO."""
    timeout_seconds: Int32 = 0
    """TODO."""

"""The types of probe in core/v1."""

from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct


class ExecAction(ApiStruct):
    """Run a command in the container."""

    command: tuple[str, ...] = ()
    """The command and its arguments; no shell. Exit code 0 means success."""


class GRPCAction(ApiStruct):
    """Ask gRPC's health service."""

    port: Int32
    """Number of the port."""
    service: str | None = None
    """Service whose health is asked for; the server's own when empty."""


class HTTPHeader(ApiStruct):
    """A header of a request."""

    name: str
    """Name of the header."""
    value: str
    """Its value."""


class HTTPGetAction(ApiStruct):
    """Get a page."""

    host: str = ""
    """Host to connect to; the pod's address when empty."""
    http_headers: tuple[HTTPHeader, ...] = ()
    """Headers of the request."""
    path: str = ""
    """Path of the page. The server fills in /."""
    port: IntOrString
    """Number or name of the port."""
    scheme: str = ""
    """HTTP or HTTPS. The server fills in HTTP."""


class SleepAction(ApiStruct):
    """Wait."""

    seconds: int
    """How long."""


class TCPSocketAction(ApiStruct):
    """Open a connection."""

    host: str = ""
    """Host to connect to; the pod's address when empty."""
    port: IntOrString
    """Number or name of the port."""


class LifecycleHandler(ApiStruct):
    """What a hook does; exactly one is set."""

    exec: ExecAction | None = None
    """Runs a command in the container."""
    http_get: HTTPGetAction | None = None
    """Gets a page from it."""
    sleep: SleepAction | None = None
    """Waits."""
    tcp_socket: TCPSocketAction | None = None
    """Opens a connection to it. Kept for old objects."""


class Lifecycle(ApiStruct):
    """What is done after a container's start and before its end."""

    post_start: LifecycleHandler | None = None
    """Done right after the start; a failure ends the container."""
    pre_stop: LifecycleHandler | None = None
    """Done before the container is asked to end, within the grace period."""
    stop_signal: str | None = None
    """Signal it is asked to end with; the image's own when absent."""


class Probe(ApiStruct):
    """A check that is made again and again."""

    exec: ExecAction | None = None
    """Runs a command in the container."""
    failure_threshold: Int32 = 0
    """Failures in a row after which the check has failed. The server fills in 3."""
    grpc: GRPCAction | None = None
    """Asks gRPC's health service."""
    http_get: HTTPGetAction | None = None
    """Gets a page."""
    initial_delay_seconds: Int32 = 0
    """Seconds after the start before the first check."""
    period_seconds: Int32 = 0
    """Seconds between checks. The server fills in 10."""
    success_threshold: Int32 = 0
    """Successes in a row after which the check passes again. The server fills in 1."""
    tcp_socket: TCPSocketAction | None = None
    """Opens a connection."""
    termination_grace_period_seconds: int | None = None
    """Seconds a container that failed gets to end; the pod's own when absent."""
    timeout_seconds: Int32 = 0
    """Seconds after which a check has failed. The server fills in 1."""

"""Rules for probes and lifecycle hooks."""

from collections.abc import Iterator

from knarr.api import names
from knarr.api.core.probe import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    Lifecycle,
    LifecycleHandler,
    Probe,
    SleepAction,
    TCPSocketAction,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.scalars import IntOrString

_Action = ExecAction | HTTPGetAction | TCPSocketAction | GRPCAction | SleepAction


def validate_liveness(probe: Probe | None, grace_s: int, path: str) -> Iterator[FieldError]:
    """A probe whose failure restarts the container."""
    yield from _validate_probe(probe, grace_s, path)
    if probe is not None and probe.success_threshold != 1:
        yield invalid(f"{path}.successThreshold", probe.success_threshold, "must be 1")


def validate_readiness(probe: Probe | None, grace_s: int, path: str) -> Iterator[FieldError]:
    """A probe that says whether the container can serve."""
    yield from _validate_probe(probe, grace_s, path)
    if probe is not None and probe.termination_grace_period_seconds is not None:
        yield invalid(
            f"{path}.terminationGracePeriodSeconds",
            probe.termination_grace_period_seconds,
            "must not be set for readinessProbes",
        )


def validate_startup(probe: Probe | None, grace_s: int, path: str) -> Iterator[FieldError]:
    """A probe that holds the others back until the container has started."""
    yield from validate_liveness(probe, grace_s, path)


def _validate_probe(probe: Probe | None, grace_s: int, path: str) -> Iterator[FieldError]:
    if probe is None:
        return
    yield from _validate_handler(probe, grace_s, path)
    for name, seconds in (
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ):
        if seconds < 0:
            yield invalid(f"{path}.{name}", seconds, "must be greater than or equal to 0")
    grace = probe.termination_grace_period_seconds
    if grace is not None and grace <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")


def validate_lifecycle(
    lifecycle: Lifecycle | None, grace_s: int, path: str, *, os_name: str = ""
) -> Iterator[FieldError]:
    """What runs after a container's start and before its end."""
    if lifecycle is None:
        return
    if lifecycle.post_start is not None:
        yield from _validate_handler(lifecycle.post_start, grace_s, f"{path}.postStart")
    if lifecycle.pre_stop is not None:
        yield from _validate_handler(lifecycle.pre_stop, grace_s, f"{path}.preStop")
    if lifecycle.stop_signal is not None and not os_name:
        yield forbidden(
            f"{path}.stopSignal", "may not be set for containers with empty `spec.os.name`"
        )


def _validate_handler(
    handler: Probe | LifecycleHandler, grace_s: int, path: str
) -> Iterator[FieldError]:
    given = 0
    for name, action in _actions(handler):
        if action is None:
            continue
        if given:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
            continue
        given += 1
        yield from _validate_action(action, grace_s, f"{path}.{name}")
    if not given:
        yield required(path, "must specify a handler type")


def _actions(handler: Probe | LifecycleHandler) -> Iterator[tuple[str, _Action | None]]:
    yield "exec", handler.exec
    yield "httpGet", handler.http_get
    yield "tcpSocket", handler.tcp_socket
    if isinstance(handler, Probe):
        yield "grpc", handler.grpc
    else:
        yield "sleep", handler.sleep


def _validate_action(action: _Action, grace_s: int, path: str) -> Iterator[FieldError]:
    if isinstance(action, ExecAction):
        if not action.command:
            yield required(f"{path}.command")
    elif isinstance(action, HTTPGetAction):
        yield from _validate_http_get(action, path)
    elif isinstance(action, GRPCAction | TCPSocketAction):
        yield from validate_port(action.port, f"{path}.port")
    elif not 0 <= action.seconds <= grace_s:
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
        yield invalid(path, action.seconds, detail)


def _validate_http_get(action: HTTPGetAction, path: str) -> Iterator[FieldError]:
    if not action.path:
        yield required(f"{path}.path")
    yield from validate_port(action.port, f"{path}.port")
    if action.scheme not in ("HTTP", "HTTPS"):
        yield not_supported(f"{path}.scheme", action.scheme, ("HTTP", "HTTPS"))
    for header in action.http_headers:
        yield from broken_names(f"{path}.httpHeaders", header.name, names.http_header(header.name))


def validate_port(port: IntOrString, path: str) -> list[FieldError]:
    """A port by number or by name."""
    return broken_names(path, port, names.port(port))

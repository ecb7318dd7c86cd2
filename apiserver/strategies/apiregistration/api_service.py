"""Rules of an APIService."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.apiregistration.api_service import APIService, APIServiceSpec
from knarr.api.field_errors import FieldError, broken_names, invalid, required
from knarr.api.printing.cluster import api_service_row

PRIORITY_MAX = 1000
GROUP_PRIORITY_MAX = 20_000
HTTPS_PORT = 443


class APIServiceRules(Strategy[APIService]):
    """What holds for an APIService, whose name is its version and group."""

    has_generation = False
    unconditional_update = False

    def default(self, obj: APIService) -> APIService:
        """Services answer on the port of HTTPS."""
        service = obj.spec.service
        if service is None or service.port is not None:
            return obj
        spec = replace(obj.spec, service=replace(service, port=HTTPS_PORT))
        return replace(obj, spec=spec)

    def validate(self, obj: APIService) -> Iterable[FieldError]:
        """Name, priorities and how the service is reached."""
        spec = obj.spec
        required_name = f"{spec.version}.{spec.group}"
        if obj.metadata.name != required_name:
            yield invalid(
                "metadata.name",
                obj.metadata.name,
                f'must be `spec.version+"."+spec.group`: "{required_name}"',
            )
        if spec.group:
            yield from broken_names("spec.group", spec.group, names.dns_subdomain(spec.group))
        yield from broken_names("spec.version", spec.version, names.dns_label_1035(spec.version))
        yield from _priorities(spec)
        yield from _service(spec)

    def row(self, obj: APIService, now: datetime) -> Sequence[Any]:
        """Name, service, available, age."""
        return api_service_row(obj, now)


def _priorities(spec: APIServiceSpec) -> Iterator[FieldError]:
    for value, name, maximum in (
        (spec.group_priority_minimum, "groupPriorityMinimum", GROUP_PRIORITY_MAX),
        (spec.version_priority, "versionPriority", PRIORITY_MAX),
    ):
        if not 0 < value <= maximum:
            yield invalid(f"spec.{name}", value, f"must be positive and less than {maximum}")


def _service(spec: APIServiceSpec) -> Iterator[FieldError]:
    service = spec.service
    if service is None:
        if spec.ca_bundle:
            yield invalid(
                "spec.caBundle",
                f"{len(spec.ca_bundle)} bytes",
                "local APIServices may not have a caBundle",
            )
        if spec.insecure_skip_tls_verify:
            yield invalid(
                "spec.insecureSkipTLSVerify",
                spec.insecure_skip_tls_verify,
                "local APIServices may not have insecureSkipTLSVerify",
            )
        return
    if not service.namespace:
        yield required("spec.service.namespace")
    if not service.name:
        yield required("spec.service.name")
    if service.port is not None and names.port_number(service.port):
        yield invalid(
            "spec.service.port",
            service.port,
            "port is not valid: must be between 1 and 65535, inclusive",
        )
    if spec.insecure_skip_tls_verify and spec.ca_bundle:
        yield invalid(
            "spec.insecureSkipTLSVerify",
            spec.insecure_skip_tls_verify,
            "may not be true if caBundle is present",
        )
